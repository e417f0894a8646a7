//! Full disks, locked and damaged files, and processes that die or start together.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use voiceos_api::Role;
use voiceos_store::StoreError;

use super::*;

async fn raw(dir: &Path) -> SqliteConnection {
    let settings = SqliteConnectOptions::new().filename(dir.join("voiceos.db"));
    SqliteConnection::connect_with(&settings)
        .await
        .expect("the file opens")
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_stored_is_safe() {
    let small = Options {
        max_pages: Some(60),
        ..Default::default()
    };
    let house = House::with(small).await;
    let id = house.conversation(1).await;
    let long = "x".repeat(3000);
    let mut kept = 0;
    let error = loop {
        match house
            .store
            .add_message(&id, kept + 1, said(Role::User, &long, 1))
            .await
        {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the file never became full");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
    assert!(kept > 0);
    let read = house.store.conversation(&house.account, &id).await.unwrap();
    assert_eq!(read.messages.unwrap().len(), kept as usize);

    house.store.close().await;
    let roomy = Store::open(house.dir.path()).await.unwrap();
    roomy
        .add_message(&id, kept + 1, said(Role::User, &long, 1))
        .await
        .unwrap();
    assert_eq!(
        roomy
            .conversation(&house.account, &id)
            .await
            .unwrap()
            .messages
            .unwrap()
            .len(),
        kept as usize + 1
    );
}

#[tokio::test]
async fn writing_goes_on_once_there_is_room_again() {
    let small = Options {
        max_pages: Some(60),
        ..Default::default()
    };
    let house = House::with(small).await;
    let (fat, thin) = (house.conversation(1).await, house.conversation(1).await);
    let long = "x".repeat(3000);
    let mut seq = 1;
    while house
        .store
        .add_message(&fat, seq, said(Role::User, &long, 1))
        .await
        .is_ok()
    {
        seq += 1;
    }
    house
        .store
        .delete_conversation(&house.account, &fat)
        .await
        .unwrap();
    house
        .store
        .add_message(&thin, 1, said(Role::User, &long, 1))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_locked_file_is_told_and_works_again_once_it_is_free() {
    let house = House::with(Options {
        patience: Duration::from_millis(50),
        ..Default::default()
    })
    .await;
    let id = house.conversation(1).await;
    let mut other = raw(house.dir.path()).await;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let error = house
        .store
        .conversation_started(&id, at(2))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("close it"), "{error}");
    assert!(
        house.store.conversation(&house.account, &id).await.is_ok(),
        "reading goes on"
    );
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    house.store.conversation_started(&id, at(2)).await.unwrap();
}

async fn refused(dir: &Path) -> StoreError {
    match Store::open(dir).await {
        Ok(_) => panic!("the store opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("voiceos.db");
    fs::write(&file, "these are my notes, not a database").unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(
        error.to_string().contains("restore it from a backup"),
        "{error}"
    );
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "these are my notes, not a database"
    );
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_not_touched() {
    let house = House::new().await;
    let id = house.conversation(1).await;
    for seq in 1..200 {
        house
            .store
            .add_message(&id, seq, said(Role::User, "a message of some length", 1))
            .await
            .unwrap();
    }
    house.store.close().await;
    let file = house.dir.path().join("voiceos.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xa5);
    fs::write(&file, &bytes).unwrap();
    let error = refused(house.dir.path()).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("voiceos.db");
    let settings = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let mut theirs = SqliteConnection::connect_with(&settings).await.unwrap();
    sqlx::raw_sql("CREATE TABLE theirs (x)")
        .execute(&mut theirs)
        .await
        .unwrap();
    theirs.close().await.unwrap();
    let before = fs::read(&file).unwrap();
    assert!(matches!(
        refused(dir.path()).await,
        StoreError::Foreign { .. }
    ));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let house = House::new().await;
    house.store.close().await;
    let mut newer = raw(house.dir.path()).await;
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (9999, 'of the future', TRUE, x'00', 0)";
    sqlx::raw_sql(sql).execute(&mut newer).await.unwrap();
    newer.close().await.unwrap();
    let error = refused(house.dir.path()).await;
    assert!(matches!(error, StoreError::Newer { .. }), "{error:?}");
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a-file");
    fs::write(&file, "").unwrap();
    let error = refused(&file.join("data")).await;
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("VOICEOS_DATA_DIR"), "{error}");
}

#[tokio::test]
async fn only_this_user_may_read_the_file() {
    let house = House::new().await;
    let mode = fs::metadata(house.dir.path().join("voiceos.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let house = House::new().await;
    let id = house.conversation(1).await;
    let beside = Store::open(house.dir.path()).await.unwrap();
    assert_eq!(
        beside.conversation(&house.account, &id).await.unwrap().id,
        id
    );
    beside.conversation_started(&id, at(2)).await.unwrap();
    assert_eq!(
        house
            .store
            .conversation(&house.account, &id)
            .await
            .unwrap()
            .started_at,
        Some(at(2))
    );
}

#[tokio::test]
async fn one_process_at_a_time_runs_calls() {
    let house = House::new().await;
    let first = house.store.hold().unwrap();
    let error = house.store.hold().unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    drop(first);
    house.store.hold().unwrap();
}

/// Starts this test binary again to play one of the roles below.
fn play(role: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this binary has a path"))
        .args(["--exact", "trouble::a_process_of_its_own", "--nocapture"])
        .env("VOICEOS_STORE_ROLE", role)
        .env("VOICEOS_STORE_DIR", dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test binary starts again")
}

/// What a started process plays; in an ordinary run there is no role.
#[tokio::test]
async fn a_process_of_its_own() {
    let (Ok(role), Ok(dir)) = (
        std::env::var("VOICEOS_STORE_ROLE"),
        std::env::var("VOICEOS_STORE_DIR"),
    ) else {
        return;
    };
    let store = Store::open(Path::new(&dir)).await.expect("the store opens");
    let account = store.first_account(at(0)).await.expect("an account");
    let id = store
        .create_conversation(asked_for(&account, at(1)))
        .await
        .expect("a conversation")
        .id;
    println!("\nconversation {id}");
    for seq in 1.. {
        if role == "open" {
            break;
        }
        store
            .add_message(&id, seq, said(Role::User, "a message of some length", 1))
            .await
            .expect("it is stored");
        println!("stored {seq}");
    }
    store.close().await;
}

/// The numbers that a process confirmed, up to `enough` of them; it is killed then.
fn kill_after(mut child: Child, enough: u32) -> u32 {
    let mut stored = 0;
    for line in BufReader::new(child.stdout.take().expect("stdout is piped")).lines() {
        let line = line.expect("the child writes text");
        stored = line
            .strip_prefix("stored ")
            .map_or(stored, |seq| seq.parse().expect("a number"));
        if stored == enough {
            child.kill().expect("the child is ours");
        }
    }
    child.wait().expect("the child is ours");
    stored
}

#[tokio::test]
async fn what_was_confirmed_survives_a_kill_in_the_middle_of_writing() {
    let dir = tempfile::tempdir().unwrap();
    for enough in [50, 137, 300] {
        let stored = kill_after(play("write", dir.path()), enough);
        assert!(stored >= enough, "the process confirmed only {stored}");
        let store = Store::open(dir.path()).await.unwrap();
        let cut_off = store.unfinished().await.unwrap().pop().unwrap();
        let kept = cut_off.messages.unwrap().len() as u32;
        assert!(kept >= stored, "{kept} kept of {stored}");
        assert!(store.end_cut_off(&cut_off.id, None).await.unwrap());
        store.close().await;
    }
}

#[tokio::test]
async fn processes_that_start_together_make_one_store() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..4).map(|_| play("open", dir.path())).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let store = Store::open(dir.path()).await.unwrap();
    let found = store.unfinished().await.unwrap();
    assert_eq!(found.len(), 4);
    assert!(
        found
            .iter()
            .all(|one| one.account_id == found[0].account_id)
    );
}
