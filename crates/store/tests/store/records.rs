//! What is put in comes out again.

use rust_decimal::Decimal;
use serde_json::json;
use voiceos_api::{
    AgentConfiguration, AgentCost, AgentId, CostBreakdown, EndedReason, Recording, RecordingFormat,
    Role, Status, TurnTimings,
};
use voiceos_store::{ConversationFilter, Ended, Page, StoreError};

use super::*;

fn ended(seconds: u64, reason: EndedReason) -> Ended {
    let cost = CostBreakdown {
        agent: AgentCost::new(Decimal::new(125, 4), 30.0),
        ..Default::default()
    }
    .summed();
    let recording = Recording {
        duration_seconds: 30.5,
        bytes: 1000,
        format: RecordingFormat::Flac,
    };
    Ended {
        at: at(seconds),
        reason,
        cost_breakdown: Some(cost),
        recording: Some(recording),
    }
}

#[tokio::test]
async fn the_first_account_is_made_once() {
    let house = House::new().await;
    assert_eq!(
        house.store.first_account(at(9)).await.unwrap(),
        house.account
    );
    let other = house.store.create_account(at(9)).await.unwrap();
    assert_ne!(other, house.account);
    assert_eq!(
        house.store.first_account(at(9)).await.unwrap(),
        house.account
    );
}

#[tokio::test]
async fn a_key_is_found_by_its_secret_until_it_is_revoked() {
    let house = House::new().await;
    let key = house
        .store
        .create_key(&house.account, "first", "vos_secret", at(1))
        .await
        .unwrap();
    assert_eq!(
        house.store.find_key("vos_secret").await.unwrap(),
        Some(key.clone())
    );
    assert_eq!(house.store.find_key("vos_Secret").await.unwrap(), None);
    house
        .store
        .revoke_key(&house.account, &key.id, at(2))
        .await
        .unwrap();
    assert_eq!(house.store.find_key("vos_secret").await.unwrap(), None);
    assert_eq!(
        house.store.keys(&house.account).await.unwrap()[0].revoked_at,
        Some(at(2))
    );
}

#[tokio::test]
async fn the_same_secret_makes_no_second_key() {
    let house = House::new().await;
    house
        .store
        .create_key(&house.account, "first", "vos_secret", at(1))
        .await
        .unwrap();
    let again = house
        .store
        .create_key(&house.account, "second", "vos_secret", at(2))
        .await;
    assert!(
        matches!(again, Err(StoreError::Conflict("key"))),
        "{again:?}"
    );
}

#[tokio::test]
async fn secrets_do_not_lie_in_the_files() {
    let house = House::new().await;
    house
        .store
        .create_key(&house.account, "first", "vos_planted_secret", at(1))
        .await
        .unwrap();
    for file in std::fs::read_dir(house.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(18).any(|part| part == b"vos_planted_secret"));
    }
}

#[tokio::test]
async fn an_agent_is_created_changed_and_deleted() {
    let House {
        store,
        account,
        dir: _dir,
    } = House::new().await;
    let configuration = AgentConfiguration {
        prompt: Some("a".into()),
        ..Default::default()
    };
    let agent = store
        .create_agent(&account, configuration, at(1))
        .await
        .unwrap();
    assert_eq!(store.agent(&account, &agent.id).await.unwrap(), agent);

    let changed = store
        .patch_agent(&account, &agent.id, json!({"prompt": "b"}), at(2))
        .await
        .unwrap();
    assert_eq!(changed.configuration.prompt.as_deref(), Some("b"));
    assert_eq!((changed.created_at, changed.updated_at), (at(1), at(2)));
    assert_eq!(store.agent(&account, &agent.id).await.unwrap(), changed);

    let refused = store
        .patch_agent(
            &account,
            &agent.id,
            json!({"max_duration_seconds": "x"}),
            at(3),
        )
        .await;
    assert!(matches!(refused, Err(StoreError::Refused(problems)) if problems.detail.len() == 1));

    assert_eq!(
        store.delete_agent(&account, &agent.id).await.unwrap(),
        changed
    );
    for gone in [
        store.agent(&account, &agent.id).await,
        store.delete_agent(&account, &agent.id).await,
    ] {
        assert!(
            matches!(gone, Err(StoreError::NotFound("agent"))),
            "{gone:?}"
        );
    }
}

#[tokio::test]
async fn another_account_sees_nothing() {
    let House {
        store,
        account,
        dir: _dir,
    } = House::new().await;
    let other = store.create_account(at(1)).await.unwrap();
    let agent = store
        .create_agent(&account, AgentConfiguration::default(), at(1))
        .await
        .unwrap()
        .id;
    let conversation = store
        .create_conversation(asked_for(&account, at(1)))
        .await
        .unwrap()
        .id;
    let key = store
        .create_key(&account, "k", "s", at(1))
        .await
        .unwrap()
        .id;
    assert!(matches!(
        store.agent(&other, &agent).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.patch_agent(&other, &agent, json!({}), at(2)).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.delete_agent(&other, &agent).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.conversation(&other, &conversation).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.delete_conversation(&other, &conversation).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.revoke_key(&other, &key, at(2)).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(
        store
            .agents(&other, &Page::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(
        store
            .conversations(&other, &ConversationFilter::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(store.keys(&other).await.unwrap().is_empty());
}

#[tokio::test]
async fn agents_are_listed_newest_first_and_by_page() {
    let House {
        store,
        account,
        dir: _dir,
    } = House::new().await;
    for seconds in 1..=5 {
        let configuration = AgentConfiguration {
            name: Some(seconds.to_string()),
            ..Default::default()
        };
        store
            .create_agent(&account, configuration, at(seconds))
            .await
            .unwrap();
    }
    let list = async |page: Page| {
        let found = store.agents(&account, &page).await.unwrap();
        let names = found
            .items
            .iter()
            .map(|agent| agent.configuration.name.clone().unwrap())
            .collect::<Vec<_>>();
        (names.join(" "), found.index, found.has_more)
    };
    let page = Page {
        limit: 2,
        ..Default::default()
    };
    assert_eq!(list(page).await, ("5 4".into(), 1, true));
    assert_eq!(
        list(Page { index: 2, ..page }).await,
        ("3 2".into(), 2, true)
    );
    assert_eq!(
        list(Page { index: 3, ..page }).await,
        ("1".into(), 3, false)
    );
    assert_eq!(
        list(Page { index: 9, ..page }).await,
        (String::new(), 9, false)
    );
    assert_eq!(
        list(Page { index: 0, ..page }).await,
        ("5 4".into(), 1, true)
    );
    let between = Page {
        created_after: Some(at(2)),
        created_before: Some(at(4)),
        ..page
    };
    assert_eq!(list(between).await, ("3".into(), 1, false));
}

#[tokio::test]
async fn a_conversation_goes_its_way() {
    let house = House::new().await;
    let store = &house.store;
    let id = house.conversation(1).await;
    let read = async || store.conversation(&house.account, &id).await.unwrap();
    let queued = read().await;
    assert_eq!(
        (queued.status, queued.started_at, queued.created_at),
        (Status::Queued, None, Some(at(1)))
    );
    assert_eq!(queued.agent_config.prompt.as_deref(), Some("Be brief."));
    assert_eq!(
        queued.engine.as_ref().map(|engine| engine.voice.as_str()),
        Some("v")
    );

    store.conversation_started(&id, at(2)).await.unwrap();
    let messages = [
        said(Role::User, "Hello?", 3),
        said(Role::Agent, "Good evening.", 5),
    ];
    store
        .add_message(&id, 2, messages[1].clone())
        .await
        .unwrap();
    store
        .add_message(&id, 1, messages[0].clone())
        .await
        .unwrap();
    let timings = TurnTimings {
        endpoint_ms: Some(250),
        ..Default::default()
    };
    store.add_turn(&id, 1, timings).await.unwrap();
    let live = read().await;
    assert_eq!(
        (live.status, live.started_at),
        (Status::Started, Some(at(2)))
    );
    assert_eq!(live.messages.as_deref(), Some(&messages[..]));
    assert_eq!((live.turns[0].turn, live.turns[0].timings), (1, timings));

    let end = ended(30, EndedReason::UserEnded);
    assert!(store.conversation_ended(&id, end.clone()).await.unwrap());
    let over = read().await;
    assert_eq!(
        (over.status, over.ended_at, over.ended_reason),
        (Status::Ended, Some(at(30)), Some(end.reason))
    );
    assert_eq!(
        (over.cost_breakdown, over.recording),
        (end.cost_breakdown, end.recording)
    );
}

#[tokio::test]
async fn what_is_told_twice_is_kept_once() {
    let house = House::new().await;
    let store = &house.store;
    let id = house.conversation(1).await;
    for content in ["first", "second"] {
        store
            .add_message(&id, 1, said(Role::User, content, 2))
            .await
            .unwrap();
        store.add_events(&id, &[event(1), event(2)]).await.unwrap();
        store
            .add_turn(&id, 1, TurnTimings::default())
            .await
            .unwrap();
        store.conversation_started(&id, at(2)).await.unwrap();
    }
    assert!(
        store
            .conversation_ended(&id, ended(9, EndedReason::UserEnded))
            .await
            .unwrap()
    );
    assert!(
        !store
            .conversation_ended(&id, ended(10, EndedReason::AgentEnded))
            .await
            .unwrap()
    );
    store.conversation_started(&id, at(11)).await.unwrap();
    let read = store.conversation(&house.account, &id).await.unwrap();
    assert_eq!(
        read.messages
            .unwrap()
            .iter()
            .map(|message| &*message.content)
            .collect::<Vec<_>>(),
        ["first"]
    );
    assert_eq!(
        (read.ended_at, read.ended_reason),
        (Some(at(9)), Some(EndedReason::UserEnded))
    );
    assert_eq!(
        (read.started_at, read.status, read.turns.len()),
        (Some(at(2)), Status::Ended, 1)
    );
    assert_eq!(store.events(&id, 0, 100).await.unwrap().len(), 2);
}

#[tokio::test]
async fn events_are_read_in_order_from_any_place() {
    let house = House::new().await;
    let id = house.conversation(1).await;
    let events: Vec<_> = (1..=5).map(event).collect();
    house.store.add_events(&id, &events[2..]).await.unwrap();
    house.store.add_events(&id, &events[..2]).await.unwrap();
    assert_eq!(house.store.events(&id, 0, 100).await.unwrap(), events);
    assert_eq!(house.store.events(&id, 3, 1).await.unwrap(), events[3..4]);
}

#[tokio::test]
async fn a_conversation_that_is_not_there_takes_nothing() {
    let house = House::new().await;
    let (store, nobody) = (&house.store, ConversationId::from("conv_0"));
    let missing = [
        store
            .add_message(&nobody, 1, said(Role::User, "x", 1))
            .await,
        store.add_events(&nobody, &[event(1)]).await,
        store.add_turn(&nobody, 1, TurnTimings::default()).await,
        store.conversation_started(&nobody, at(1)).await,
        store
            .conversation_ended(&nobody, ended(1, EndedReason::Unknown))
            .await
            .map(drop),
        store.end_cut_off(&nobody, None).await.map(drop),
        store
            .delete_conversation(&house.account, &nobody)
            .await
            .map(drop),
    ];
    for answer in missing {
        assert!(
            matches!(answer, Err(StoreError::NotFound("conversation"))),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn conversations_are_listed_by_status_and_time_with_what_was_said() {
    let house = House::new().await;
    let store = &house.store;
    let mut ids = Vec::new();
    for seconds in 1..=4 {
        let id = house.conversation(seconds).await;
        store
            .add_message(
                &id,
                1,
                said(Role::User, &format!("number {seconds}"), seconds),
            )
            .await
            .unwrap();
        ids.push(id);
    }
    store
        .conversation_ended(&ids[0], ended(9, EndedReason::Unknown))
        .await
        .unwrap();
    store.conversation_started(&ids[3], at(9)).await.unwrap();
    let list = async |filter: ConversationFilter| {
        let found = store.conversations(&house.account, &filter).await.unwrap();
        let first = |messages: Option<Vec<Message>>| messages.unwrap()[0].content.clone();
        (
            found
                .items
                .into_iter()
                .map(|one| first(one.messages))
                .collect::<Vec<_>>(),
            found.has_more,
        )
    };
    let page = Page {
        limit: 2,
        ..Default::default()
    };
    assert_eq!(
        list(ConversationFilter {
            page,
            ..Default::default()
        })
        .await,
        (vec!["number 4".into(), "number 3".into()], true)
    );
    let queued = ConversationFilter {
        status: Some(Status::Queued),
        page,
    };
    assert_eq!(
        list(queued).await,
        (vec!["number 3".into(), "number 2".into()], false)
    );
    let early = Page {
        created_before: Some(at(2)),
        ..page
    };
    assert_eq!(
        list(ConversationFilter {
            status: Some(Status::Ended),
            page: early
        })
        .await,
        (vec!["number 1".into()], false)
    );
    let unfinished = store.unfinished().await.unwrap();
    assert_eq!(
        unfinished.iter().map(|one| &one.id).collect::<Vec<_>>(),
        ids[1..].iter().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_conversation_that_was_cut_off_ends_at_its_last_sign_of_life() {
    let house = House::new().await;
    let store = &house.store;
    let (silent, talked, recorded) = (
        house.conversation(1).await,
        house.conversation(1).await,
        house.conversation(1).await,
    );
    store.conversation_started(&talked, at(2)).await.unwrap();
    store
        .add_message(&talked, 1, said(Role::User, "Hello?", 7))
        .await
        .unwrap();
    store.add_events(&talked, &[event(5)]).await.unwrap();
    store.conversation_started(&recorded, at(2)).await.unwrap();
    let recording = Recording {
        duration_seconds: 20.0,
        bytes: 1000,
        format: RecordingFormat::Flac,
    };
    assert!(store.end_cut_off(&silent, None).await.unwrap());
    assert!(store.end_cut_off(&talked, None).await.unwrap());
    assert!(store.end_cut_off(&recorded, Some(recording)).await.unwrap());
    assert!(!store.end_cut_off(&recorded, None).await.unwrap());
    let end = async |id| {
        let read = store.conversation(&house.account, id).await.unwrap();
        assert_eq!(
            (read.status, read.ended_reason),
            (Status::Ended, Some(EndedReason::Unknown))
        );
        read.ended_at
    };
    assert_eq!(end(&silent).await, Some(at(1)));
    assert_eq!(end(&talked).await, Some(at(8)));
    assert_eq!(end(&recorded).await, Some(at(22)));
}

#[tokio::test]
async fn deleting_a_conversation_takes_everything_with_it() {
    let house = House::new().await;
    let store = &house.store;
    let id = house.conversation(1).await;
    store
        .add_message(&id, 1, said(Role::User, "x", 1))
        .await
        .unwrap();
    store.add_events(&id, &[event(1)]).await.unwrap();
    let deleted = store
        .delete_conversation(&house.account, &id)
        .await
        .unwrap();
    assert_eq!(deleted.messages.unwrap().len(), 1);
    assert!(matches!(
        store.conversation(&house.account, &id).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(store.events(&id, 0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn deleting_an_agent_leaves_its_conversations() {
    let house = House::new().await;
    let store = &house.store;
    let agent = store
        .create_agent(&house.account, AgentConfiguration::default(), at(1))
        .await
        .unwrap();
    let new = NewConversation {
        agent_id: Some(agent.id.clone()),
        ..asked_for(&house.account, at(2))
    };
    let id = store.create_conversation(new).await.unwrap().id;
    store.delete_agent(&house.account, &agent.id).await.unwrap();
    assert_eq!(
        store
            .conversation(&house.account, &id)
            .await
            .unwrap()
            .agent_id,
        Some(agent.id)
    );
}

#[tokio::test]
async fn many_writers_at_once_are_all_served() {
    let house = House::new().await;
    let id = house.conversation(1).await;
    let writes = (1..=1000).map(|seq| {
        let (store, id) = (house.store.clone(), id.clone());
        tokio::spawn(async move { store.add_message(&id, seq, said(Role::User, "x", 1)).await })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap().unwrap();
    }
    let read = house.store.conversation(&house.account, &id).await.unwrap();
    assert_eq!(read.messages.unwrap().len(), 1000);
}

#[tokio::test]
async fn one_mistaken_write_takes_no_other_with_it() {
    let house = House::new().await;
    let id = house.conversation(1).await;
    let nobody = ConversationId::from("conv_0");
    // Polled together, so that they wait together and are committed together.
    let (good, bad, also_good) = tokio::join!(
        house.store.add_message(&id, 1, said(Role::User, "x", 1)),
        house
            .store
            .add_message(&nobody, 1, said(Role::User, "x", 1)),
        house.store.add_message(&id, 2, said(Role::User, "x", 1)),
    );
    assert!(good.is_ok() && also_good.is_ok());
    assert!(matches!(bad, Err(StoreError::NotFound(_))));
    assert_eq!(
        house
            .store
            .conversation(&house.account, &id)
            .await
            .unwrap()
            .messages
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_write_is_carried_out_even_when_its_caller_stops_waiting() {
    let house = House::new().await;
    let id = house.conversation(1).await;
    let (store, mine) = (house.store.clone(), id.clone());
    let mut asked =
        Box::pin(async move { store.add_message(&mine, 1, said(Role::User, "x", 1)).await });
    assert!(futures::poll!(asked.as_mut()).is_pending());
    drop(asked);
    // Writes are carried out in order: once this one is done, so is the one before.
    house.store.conversation_started(&id, at(1)).await.unwrap();
    assert_eq!(
        house
            .store
            .conversation(&house.account, &id)
            .await
            .unwrap()
            .messages
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn what_is_asked_before_the_end_is_kept_and_after_it_refused() {
    let house = House::new().await;
    let id = house.conversation(1).await;
    let late = house.store.clone();
    house.store.close().await;
    assert!(matches!(
        late.conversation_started(&id, at(2)).await,
        Err(StoreError::Closed)
    ));
    let again = Store::open(house.dir.path()).await.unwrap();
    assert_eq!(
        again.conversation(&house.account, &id).await.unwrap().id,
        id
    );
    let unknown = AgentId::from("agent_0");
    assert!(matches!(
        again.agent(&house.account, &unknown).await,
        Err(StoreError::NotFound("agent"))
    ));
}
