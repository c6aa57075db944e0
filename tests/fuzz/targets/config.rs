//! The organisation's and the user's config: whatever the user's says, no rule is looser than the organisation's own.
#![no_main]

use goenv::trust::rules::{Rules, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&[u8], &[u8])| {
    let organisation = Source { path: "/etc/goenv/config.toml", text: texts.0 };
    let user = Source { path: "user.toml", text: texts.1 };
    let Ok(alone) = Rules::read(Some(organisation), None) else { return };
    let Ok(both) = Rules::read(Some(organisation), Some(user)) else { return };
    assert!(alone.tier.is_none() || both.tier == alone.tier);
    assert!(alone.deny_go.iter().all(|entry| both.deny_go.contains_key(entry.0)));
    assert!(alone.mirrors.is_empty() || both.mirrors == alone.mirrors);
    assert!(alone.audit.is_none() || both.audit == alone.audit);
    assert!(both.promote.starts_with(&alone.promote) && both.syslog >= alone.syslog);
    for (tier, before) in alone.tiers() {
        let after = both.of(Some(tier));
        assert!(after.require >= before.require && after.threshold >= before.threshold);
        assert!(after.on_failure >= before.on_failure && after.sdk >= before.sdk);
        assert!(after.env >= before.env && after.strict >= before.strict);
        assert!(after.go.starts_with(&before.go) && after.user_signers <= before.user_signers);
        for name in [&b"GOPROXY"[..], b"APP_MODE", b"GOFLAGS", b"A"] {
            assert!(before.grants(name) || !after.grants(name));
        }
    }
});
