//! Mail goes encrypted to a server whose certificate is right, and to no other.

use exporter_sandbox::panel::Mode;
use exporter_sandbox::receivers::{AUTHORITY, Encryption, MAIL_PASSWORD, MAIL_USER, MailServer};

use crate::bench::{Bench, DAYS, Ended, command};

/// A sandbox whose configuration mails to a server at this address, and only that.
async fn mailed(server: &str) -> Bench {
    let bench = Bench::start().await;
    let secrets = bench.config().with_file_name("secrets");
    std::fs::write(secrets.join("mail"), MAIL_PASSWORD).unwrap();
    std::fs::write(secrets.join("authority.pem"), AUTHORITY).unwrap();
    let section = format!(
        "[email]\nserver = \"{server}\"\nusername = \"{MAIL_USER}\"\npassword = \"file:secrets/mail\"\n\
         from = \"Exporter <exporter@example.com>\"\nto = [\"owner@example.com\"]\n\n[telegram]"
    );
    bench.edit("[telegram]", &section);
    bench
}

/// Runs the command on a machine that trusts the sandbox's authority, or does not.
async fn run(bench: &Bench, words: &[&str], trusted: bool) -> Ended {
    let config = bench.config().display().to_string();
    let mut command = command(&[&words[..1], &["--config", &config], &words[1..]].concat());
    if trusted {
        let authority = bench.config().with_file_name("secrets").join("authority.pem");
        command.env("SSL_CERT_FILE", authority);
    }
    let output = command.output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test]
async fn a_failure_is_mailed_in_private() {
    for encryption in [Encryption::Implicit, Encryption::StartTls] {
        let mail = MailServer::encrypted(encryption).await.unwrap();
        let bench = mailed(&mail.url()).await;
        let checked = run(&bench, &["check"], true).await;
        assert!(checked.out.contains("ok     e-mail"), "{encryption:?}: {checked:?}");
        bench.sandbox.panel().set_mode(Mode::Maintenance);
        let words = [&["run", "--driver", "http", "--only", "koin_pay"], &DAYS[..]].concat();
        let ended = run(&bench, &words, true).await;
        assert_eq!(ended.code, Some(3), "{ended:?}");
        let letters = mail.letters();
        assert_eq!(letters.len(), 1, "{encryption:?}: {ended:?}");
        assert_eq!(letters[0].to, ["owner@example.com"]);
    }
}

#[tokio::test]
async fn a_server_whose_certificate_is_not_right_gets_no_password() {
    for encryption in [Encryption::Implicit, Encryption::StartTls] {
        let mail = MailServer::encrypted(encryption).await.unwrap();
        // Nobody on this machine trusts its authority.
        let bench = mailed(&mail.url()).await;
        let checked = run(&bench, &["check"], false).await;
        assert!(checked.out.contains("failed e-mail"), "{encryption:?}: {checked:?}");
        assert!(checked.err.contains("certificate"), "{encryption:?}: {checked:?}");
        assert_eq!((mail.logins(), mail.letters().len()), (0, 0));
    }
    // The certificate is trusted, and another machine's.
    let mail = MailServer::encrypted(Encryption::Implicit).await.unwrap();
    let bench = mailed(&format!("smtps://{}", mail.address())).await;
    let checked = run(&bench, &["check"], true).await;
    assert!(checked.out.contains("failed e-mail") && checked.err.contains("certificate"), "{checked:?}");
    assert_eq!(mail.logins(), 0);
}

#[tokio::test]
async fn a_server_that_offers_no_encryption_gets_no_password() {
    let mail = MailServer::start().await.unwrap();
    let bench = mailed(&format!("smtp://LOCALHOST:{}", mail.address().port())).await;
    let checked = run(&bench, &["check"], true).await;
    assert!(checked.out.contains("failed e-mail") && checked.err.contains("STARTTLS"), "{checked:?}");
    assert_eq!(mail.logins(), 0);
}
