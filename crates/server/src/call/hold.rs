//! One call from its answer to its stored end, whatever happens on the way: prepares what the runner needs, watches that
//! it ends, and files the outcome.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio::sync::mpsc;
use tracing::{error, warn};
use voiceos_api::{
    AgentConfiguration, AgentCost, ConversationId, CostBreakdown, EndedReason, Engine,
    LanguageModelCost, Recording, RecordingFormat, Timestamp, TranscriberCost, VoiceCost,
};
use voiceos_audio::GateRules;
use voiceos_carriers::Leg;
use voiceos_core::{
    Rules,
    replay::{Head, VERSION},
};
use voiceos_providers::Engines;
use voiceos_store::{Ended, Store};

use super::{
    CallLog, Control, Outcome, Recorder, Setup, Teller, ended_reason,
    journal::{self, Journal},
    places::Places,
    recorder, run,
};

/// What the watchdog allows beyond the call's own limit before it takes the call down.
const GRACE: Duration = Duration::from_secs(30);
/// The watchdog's limit for a call without one.
const UNLIMITED: Duration = Duration::from_secs(24 * 3600);

/// A call that has been answered.
pub struct Answered {
    pub id: ConversationId,
    pub agent: AgentConfiguration,
    pub leg: Leg,
    pub control: mpsc::Receiver<Control>,
    /// The server's turn-taking rules; the agent's own settings are laid over them.
    pub rules: Rules,
    pub gate: GateRules,
    pub engines: Engines,
    pub store: Store,
    pub places: Places,
    /// The wall clock now.
    pub at: Timestamp,
}

/// Holds the call and stores its end; answers with the end's reason.
pub async fn hold(call: Answered) -> EndedReason {
    let Answered {
        id,
        agent,
        leg,
        control,
        rules,
        gate,
        engines,
        store,
        places,
        at,
    } = call;
    if let Err(cause) = store.conversation_started(&id, at).await {
        error!(call.id = %id, %cause, "the start was not stored");
    }
    let rules = rules_of(&agent, rules);
    let limit = rules
        .limit_seconds
        .map_or(UNLIMITED, |limit| Duration::from_secs(limit) + GRACE);
    let head = Head {
        version: VERSION,
        conversation: id.to_string(),
        began_ms: at.millis(),
        rules: rules.clone(),
    };
    let log = CallLog::create(&places.log(&id), &head).unwrap_or_else(|cause| {
        error!(call.id = %id, %cause, "the call has no log; is the disk full?");
        CallLog::none()
    });
    let recorder = Recorder::create(places.recording(&id), leg.rate);
    let recorder = recorder
        .inspect_err(|cause| error!(call.id = %id, %cause, "the call is not recorded"))
        .ok();
    let (records, waiting) = mpsc::channel(journal::WAITING);
    let journal = tokio::spawn(Journal::new(store.clone(), id.clone(), at).keep(waiting));
    let setup = Setup {
        conversation: id.to_string(),
        rules,
        gate,
        system: agent.prompt.clone().unwrap_or_default(),
        knowledge: agent.knowledge.clone().into(),
        temperature: agent
            .language_model
            .as_ref()
            .map_or(0.0, |model| model.choice().temperature as f32),
        max_tokens: agent
            .language_model
            .as_ref()
            .map_or(300, |model| model.choice().max_tokens),
        engines: engines.clone(),
        leg,
        control,
        log,
        recorder,
        teller: Teller::new(at, records),
    };
    let outcome = tokio::time::timeout(limit, AssertUnwindSafe(run(setup)).catch_unwind()).await;
    let outcome = match outcome {
        Ok(Ok(outcome)) => Some(outcome),
        Ok(Err(_)) => {
            error!(call.id = %id, "the call's runner panicked: please report this with the log");
            None
        }
        Err(_) => {
            error!(call.id = %id, "the call did not end by itself and was taken down");
            None
        }
    };
    file(outcome, journal, &id, &engines, at).await
}

async fn file(
    outcome: Option<Outcome>,
    journal: tokio::task::JoinHandle<Journal>,
    id: &ConversationId,
    engines: &Engines,
    began: Timestamp,
) -> EndedReason {
    let mut ended = Ended {
        at: crate::app::now(),
        reason: EndedReason::Unknown,
        cost_breakdown: None,
        recording: None,
    };
    if let Some(outcome) = outcome {
        let Outcome {
            reason,
            lasted,
            recorder,
            meter,
            teller,
        } = outcome;
        teller.finish().await;
        ended.at = began.after(lasted);
        ended.reason = ended_reason(reason);
        ended.cost_breakdown = Some(costs(&meter, lasted, engines));
        if let Some(recorder) = recorder {
            match recorder.finish(lasted).await {
                Ok(recorded) => ended.recording = Some(recording(recorded)),
                Err(cause) => {
                    warn!(call.id = %id, %cause, "the recording is not complete; is the disk full?")
                }
            }
        }
    }
    let reason = ended.reason;
    match journal.await {
        Ok(mut journal) => {
            journal.end(ended).await;
        }
        Err(cause) => {
            error!(call.id = %id, %cause, "the end was not stored; it will be at the next start")
        }
    }
    reason
}

fn recording(recorded: recorder::Recorded) -> Recording {
    let duration_seconds = recorded.samples as f64 / f64::from(recorder::RATE);
    Recording {
        duration_seconds,
        bytes: recorded.bytes,
        format: RecordingFormat::Flac,
    }
}

/// The server's rules with the agent's own laid over them.
pub fn rules_of(agent: &AgentConfiguration, rules: Rules) -> Rules {
    Rules {
        initial_message: agent
            .initial_message
            .clone()
            .filter(|text| !text.trim().is_empty()),
        initial_message_interruptible: agent.initial_message_interruptible,
        idle_prompts: agent.idle_prompts.clone().unwrap_or(rules.idle_prompts),
        limit_seconds: agent
            .max_duration_seconds
            .map(|seconds| seconds.max(1) as u64),
        ..rules
    }
}

/// Local engines cost nothing; what they used is said all the same.
fn costs(meter: &super::Meter, lasted: Duration, engines: &Engines) -> CostBreakdown {
    let [transcriber, model, voice] = engines.names.clone();
    let seconds = |duration: Duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0;
    CostBreakdown {
        voice: VoiceCost {
            characters: meter.characters,
            engine: Some(voice),
            ..VoiceCost::default()
        },
        transcriber: TranscriberCost {
            seconds: seconds(meter.heard),
            engine: Some(transcriber),
            ..TranscriberCost::default()
        },
        language_model: LanguageModelCost {
            input_tokens: meter.usage.input_tokens,
            output_tokens: meter.usage.output_tokens,
            engine: Some(model),
            ..LanguageModelCost::default()
        },
        telephony: None,
        agent: AgentCost::new(Default::default(), seconds(lasted)),
        ..CostBreakdown::default()
    }
}

/// What really runs, for the conversation's `engine` field.
pub fn engine(engines: &Engines) -> Engine {
    let [transcriber, language_model, voice] = engines.names.clone();
    Engine {
        transcriber,
        language_model,
        voice,
    }
}
