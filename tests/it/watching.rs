//! Being watched: what `status`, `check`, `plan` and the daemon's log tell those who rely on them.

use crate::scene::Scene;

#[test]
fn the_daemon_says_what_it_does() {
    let scene = Scene::of(1);
    scene.edit_config("auth = ", "schedule = \"17 3 1 1 *\"\nauth = ");
    let script =
        |options: &str| format!("\"$0\" {options} daemon & sleep 1; kill -TERM $!; wait $!");
    let run = scene.shell(&script(""));
    run.says(0, &["INFO", "next tick: 20", "-01-01T03:17:00Z"]);
    assert_eq!(scene.shell(&script("--quiet")).err, "");
}
