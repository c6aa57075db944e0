module corp.example/twice

require (
	go 1.26.4
)

go 1.24
