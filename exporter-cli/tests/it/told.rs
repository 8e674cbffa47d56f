//! Everybody who is told besides Telegram: e-mail, Slack, a webhook, a heartbeat.

use exporter_sandbox::faults::FaultKind;
use exporter_sandbox::receivers::{
    HEARTBEAT_PATH, Hooks, MAIL_PASSWORD, MAIL_USER, MailServer, SLACK_PATH, WEBHOOK_PATH, WEBHOOK_TOKEN,
};

use crate::bench::{Bench, exporter};

/// A sandbox whose configuration tells all of them.
async fn told() -> (Bench, Hooks, MailServer) {
    let (bench, hooks) = (Bench::start().await, Hooks::start().await.unwrap());
    let mail = MailServer::start().await.unwrap();
    let secret = |name: &str, text: &str| {
        std::fs::write(bench.config().with_file_name("secrets").join(name), text).unwrap();
    };
    secret("mail", MAIL_PASSWORD);
    secret("slack", &hooks.url(SLACK_PATH));
    secret("webhook", &hooks.url(WEBHOOK_PATH));
    secret("webhook-token", WEBHOOK_TOKEN);
    secret("heartbeat", &hooks.url(HEARTBEAT_PATH));
    let sections = format!(
        "[email]\nserver = \"{}\"\nusername = \"{MAIL_USER}\"\npassword = \"file:secrets/mail\"\n\
         from = \"Exporter <exporter@example.com>\"\nto = [\"owner@example.com\"]\n\n\
         [slack]\nurl = \"file:secrets/slack\"\n\n\
         [webhook]\nurl = \"file:secrets/webhook\"\ntoken = \"file:secrets/webhook-token\"\nlanguage = \"en\"\n\n\
         [heartbeat]\nurl = \"file:secrets/heartbeat\"\nlanguage = \"en\"\n\n[telegram]",
        mail.url()
    );
    bench.edit("[telegram]", &sections);
    (bench, hooks, mail)
}

fn kinds(hooks: &Hooks) -> Vec<String> {
    let posts = hooks.taken().into_iter().filter(|post| post.path == WEBHOOK_PATH);
    posts.map(|post| post.json()["body"]["kind"].as_str().unwrap().to_owned()).collect()
}

fn beats(hooks: &Hooks) -> Vec<String> {
    let posts = hooks.taken();
    posts.iter().filter_map(|post| post.path.strip_prefix(HEARTBEAT_PATH)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_good_run_is_told_to_those_who_want_to_know() {
    let (bench, hooks, mail) = told().await;
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!((code, report["notes"].as_array().map(Vec::len)), (Some(0), Some(0)), "{report:#}");
    assert_eq!(kinds(&hooks), ["run_started", "summary"]);
    assert_eq!(beats(&hooks), ["/start", ""]);
    let slack: Vec<_> = hooks.taken().into_iter().filter(|post| post.path == SLACK_PATH).collect();
    assert_eq!(slack.len(), 1, "the summary: {slack:?}");
    assert!(slack[0].json()["text"].as_str().unwrap().contains("*Toko Andalan (sandbox)*: ekspor selesai"));
    assert!(mail.letters().is_empty(), "the owner has nothing to do");
}

#[tokio::test]
async fn a_failure_is_mailed_and_ends_the_heartbeat_with_the_end_of_the_log() {
    let (bench, hooks, mail) = told().await;
    let down = FaultKind::Status { code: 503, body: "busy".to_owned(), retry_after: None };
    bench.always("panel", "/koin_pay/export-pdf", down);
    let (code, _) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(1));
    assert_eq!(kinds(&hooks), ["run_started", "export_failed", "summary"]);
    assert_eq!(beats(&hooks), ["/start", "/fail"]);
    let fail = hooks.taken().into_iter().find(|post| post.path.ends_with("/fail")).unwrap();
    assert!(fail.body.contains("1 of 1 failed"), "{}", fail.body);
    assert!(
        fail.body.contains("attempt 3 of 3 failed: the panel answers"),
        "the end of the log: {}",
        fail.body
    );
    let letters = mail.letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].subject().contains("koin_pay gagal, percobaan 3 dari 3"), "{}", letters[0].subject());
}

#[tokio::test]
async fn check_tries_each_of_them_and_tells_nobody() {
    let (bench, hooks, mail) = told().await;
    let config = bench.config().display().to_string();
    let ended = exporter(&["check", "--config", &config]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for name in ["e-mail", "Slack", "webhook", "heartbeat"] {
        assert!(ended.out.contains(&format!("ok     {name}\n")), "{}", ended.out);
    }
    assert!(hooks.taken().is_empty() && mail.letters().is_empty());

    std::fs::write(bench.config().with_file_name("secrets").join("mail"), "another-password").unwrap();
    let ended = exporter(&["check", "--config", &config]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.out.contains("failed e-mail") && ended.err.contains("[email]"), "{ended:?}");
    assert!(!ended.err.contains("another-password"), "{}", ended.err);
}

#[tokio::test]
async fn values_that_no_other_export_has_stop_an_export_where_that_is_wanted() {
    let bench = Bench::start().await;
    let references = "[[references]]\nexport = \"koin_pay\"\ncolumn = \"Kode\"\nin = \"user\"\naction = \"stop\"\n\n[panel]\n\
                      order = [\"user\", \"koin_pay\"]";
    bench.edit("[panel]", references);
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(
        (&report["exports"][0]["status"], &report["exports"][1]["status"]),
        (&"ok".into(), &"failed".into())
    );
    let error = report["exports"][1]["error"]["message"].as_str().unwrap();
    assert!(error.contains("values of `Kode` are not in `user`, for instance"), "{error}");
    assert!(bench.tab("koin_pay").is_empty(), "nothing was written");
    bench.edit("in = \"user\"", "in = \"usr\"");
    let ended = bench.run(&[]).await;
    assert!(ended.code == Some(2) && ended.err.contains("there is no export `usr`"), "{ended:?}");
}
