//! The client that was published for the discontinued service, unchanged, against this server.

use anyhow::Result;
use serde_json::json;
use voiceos_api::{
    AccountId, AgentConfiguration, AgentCost, ConversationId, ConversationType, CostBreakdown,
    EndedReason, LanguageModelCost, LanguageModelVendor, Message, PhoneCall, Recording,
    RecordingFormat, Role, Telephony, TelephonyCost, Timestamp, VoiceCost, VoiceVendor,
};
use voiceos_store::{Ended, NewConversation, Store};
use voiceos_tests::{
    python,
    server::{Data, Server},
};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a datetime")
}

fn cents(cents: u32) -> rust_decimal::Decimal {
    rust_decimal::Decimal::new(i64::from(cents), 2)
}

/// What a call costs whose voice came from Rime and whose language model was `model`'s.
fn costs(model: LanguageModelVendor) -> CostBreakdown {
    CostBreakdown {
        total: cents(25),
        voice: VoiceCost {
            provider: VoiceVendor::RimeAi,
            cost: cents(10),
            characters: 9,
            engine: None,
        },
        language_model: LanguageModelCost {
            provider: model,
            ..LanguageModelCost::default()
        },
        telephony: Some(TelephonyCost::new(cents(15), 60.0)),
        agent: AgentCost::new(cents(0), 60.0),
        ..CostBreakdown::default()
    }
}

fn agent(body: serde_json::Value) -> AgentConfiguration {
    AgentConfiguration::read(&body).expect("a right agent")
}

async fn call(
    store: &Store,
    account: &AccountId,
    kind: ConversationType,
    created_at: Timestamp,
    agent_config: AgentConfiguration,
) -> Result<ConversationId> {
    let phone_call = (kind != ConversationType::WebCall).then(|| PhoneCall {
        provider: Telephony::Twilio,
        from_number: "+15550001111".to_owned(),
        to_number: "+15550002222".to_owned(),
    });
    let new = NewConversation {
        id: ConversationId::new(created_at),
        account_id: account.clone(),
        kind,
        created_at,
        agent_id: None,
        agent_config,
        phone_call,
        engine: None,
    };
    Ok(store.create_conversation(new).await?.id)
}

/// Ends a call a minute after it began; its language model was `model`'s.
async fn end(
    store: &Store,
    id: &ConversationId,
    began: Timestamp,
    model: LanguageModelVendor,
) -> Result<()> {
    store.conversation_started(id, began).await?;
    let ended = Ended {
        at: began.after(std::time::Duration::from_secs(60)),
        reason: EndedReason::UserEnded,
        cost_breakdown: Some(costs(model)),
        recording: None,
    };
    store.conversation_ended(id, ended).await?;
    Ok(())
}

/// Records that strain the client: providers it does not know, and a web call.
async fn held(data: &Data) -> Result<serde_json::Value> {
    let store = Store::open(data.dir()).await?;
    let account = store.first_account(at("2024-01-01T00:00:00Z")).await?;
    let rime = agent(json!({"voice": {"provider": "rimeai"}}));
    let (january, february, march) = (
        at("2024-01-01T09:00:00Z"),
        at("2024-02-01T09:00:00Z"),
        at("2024-03-01T09:00:00Z"),
    );
    let inbound = call(
        &store,
        &account,
        ConversationType::InboundPhoneCall,
        january,
        rime.clone(),
    )
    .await?;
    let greeting = Message {
        role: Role::Agent,
        content: "Good day.".to_owned(),
        id: None,
        started_at: None,
        ended_at: None,
        interrupted: false,
    };
    store.add_message(&inbound, 1, greeting).await?;
    end(&store, &inbound, january, LanguageModelVendor::OpenAi).await?;
    let google = agent(json!({"language_model": {"provider": "google"}}));
    let outbound = call(
        &store,
        &account,
        ConversationType::OutboundPhoneCall,
        february,
        google.clone(),
    )
    .await?;
    end(&store, &outbound, february, LanguageModelVendor::Google).await?;
    let queued = call(
        &store,
        &account,
        ConversationType::OutboundPhoneCall,
        at("2024-02-02T09:00:00Z"),
        agent(json!({})),
    )
    .await?;
    let web = call(
        &store,
        &account,
        ConversationType::WebCall,
        march,
        google.clone(),
    )
    .await?;
    end(&store, &web, march, LanguageModelVendor::OpenAi).await?;
    let recording = Recording {
        duration_seconds: 60.0,
        bytes: 1,
        format: RecordingFormat::Flac,
    };
    store.set_recording(&web, recording).await?;
    let voice = json!({"provider": "elevenlabs", "model_id": "eleven_v3", "stability": 0.4});
    let mut agents = json!({});
    for (name, agent) in [
        ("rimeai", rime),
        ("google", google),
        ("elevenlabs", agent(json!({ "voice": voice }))),
    ] {
        let made = store.create_agent(&account, agent, january).await?;
        agents[name] = json!(made.id);
    }
    store.close().await;
    agents["inbound"] = json!(inbound);
    agents["outbound"] = json!(outbound);
    agents["queued"] = json!(queued);
    agents["web"] = json!(web);
    Ok(agents)
}

#[tokio::test]
async fn the_published_python_client_works_unchanged() -> Result<()> {
    let server = Server::scripted(&[], &[]).await?;
    let held = held(&server.data).await?.to_string();
    let said = python::run(
        "published-client",
        "published_client",
        &[&server.api.url, &server.api.key, &held],
    )
    .await?;
    println!("{said}");
    assert_eq!(said.matches("ok ").count(), 12, "{said}");
    Ok(())
}
