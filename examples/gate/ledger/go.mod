module corp.example/ledger

go 1.27.0
