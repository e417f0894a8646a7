//! The shapes of conversations.

use serde_json::{Value, json};

use super::{
    agents::page,
    words::{
        Field, More, Schemas, Side, datetime, list, may, must, number, object, refer, text, truth,
        whole, word,
    },
};

const ID: &str = "conv_018f69cbdc007000800000000000000a";

pub(super) fn schemas() -> Schemas {
    let shapes = [
        (
            "Conversation",
            answer("A call: asked for, live, or over.", conversation()),
        ),
        (
            "ConversationPage",
            page("Some conversations, newest first.", "Conversation"),
        ),
        ("WebCallRequest", web_call_request()),
        ("WebCall", web_call()),
        ("SayRequest", say()),
        ("Message", message()),
        ("PhoneCall", phone_call()),
        ("Engine", engine()),
        ("Recording", recording()),
        ("RecordingUrl", recording_url()),
        ("Turn", turn()),
        ("CostBreakdown", costs()),
    ];
    shapes
        .map(|(name, shape)| (name.to_owned(), shape))
        .into_iter()
        .collect()
}

fn answer(about: &str, fields: Vec<Field>) -> Value {
    object(Side::Answer, about, fields)
}

fn conversation() -> Vec<Field> {
    let moment = |about: &str| datetime(about, "2024-05-11T12:00:00.123Z").or_null();
    vec![
        must("uri", text("Its path on this server.", &format!("/conversations/{ID}"))),
        must("type", word("How the caller is connected. The published Python client reads a web call as an inbound one.", &["inbound_phone_call", "outbound_phone_call", "web_call"])),
        must("account_id", text("Whose it is.", "acct_018f69cbdc007000800000000000000b")),
        must("status", word("`queued`: asked for, `started`: live, `ended`: over.", &["started", "ended", "queued"])),
        must("started_at", moment("When the call was answered. Null: it was not yet.")),
        must("ended_at", moment("When the call was over. Null: it is not yet.")),
        must("agent_config", refer("The agent as it was when the call was asked for; later changes of it do not show here.", "AgentConfiguration")),
        must("agent_id", text("The stored agent. Null: it was made for this call only.", "agent_018f69cbdc007000800000000000000a").or_null()),
        must("messages", list("What was said so far, in order. Null: nothing.", refer("One message.", "Message")).or_null()),
        must("phone_call", refer("The telephone numbers. Null: a web call.", "PhoneCall").or_null()),
        must("ended_reason", word("Who ended it; `unknown` when the connection was lost, nobody came, or the server stopped.", &["agent_ended", "user_ended", "unknown"]).or_null()),
        must("cost_breakdown", refer("What it cost. Null: it is not over, or it was never held.", "CostBreakdown").or_null()),
        must("id", text("Its id.", ID)),
        must("created_at", moment("When it was asked for; what `created_after` and `created_before` compare. An addition of this server.")),
        must("engine", refer("What really listened, thought and spoke. An addition of this server.", "Engine").or_null()),
        must("recording", refer("What is known of its recording. Null: there is none. An addition of this server.", "Recording").or_null()),
        must("turns", list("The caller's turns that were answered. An addition of this server.", refer("One turn.", "Turn"))),
    ]
}

fn web_call_request() -> Value {
    let fields = vec![
        may(
            "agent_id",
            text("A stored agent.", "agent_018f69cbdc007000800000000000000a").or_null(),
        ),
        may(
            "agent_config",
            refer(
                "An agent for this call only; it counts before `agent_id`.",
                "AgentConfigurationRequest",
            )
            .or_null(),
        ),
    ];
    object(
        Side::Request,
        "Which agent the call is with: one of the two is needed.",
        fields,
    )
}

fn web_call() -> Value {
    let join = vec![
        must(
            "url",
            text(
                "A WebSocket's address, token included.",
                &format!(
                    "ws://127.0.0.1:8080/conversations/{ID}/media?token=q83vEjRWeJCrze8SNFZ4kKvN"
                ),
            ),
        ),
        must(
            "token",
            text(
                "Joins the call once, before `expires_at`.",
                "q83vEjRWeJCrze8SNFZ4kKvN",
            ),
        ),
        must(
            "expires_at",
            datetime(
                "When the call ends unless it was joined.",
                "2024-05-11T12:01:00.123Z",
            ),
        ),
    ];
    let mut fields = conversation();
    fields.push(must("web_call", answer("How to join it.", join)));
    answer("A conversation that waits to be joined.", fields)
}

fn say() -> Value {
    let fields = vec![
        must(
            "text",
            text(
                "What the agent says as soon as nobody speaks.",
                "Your taxi is here.",
            )
            .characters(1, 10_000),
        ),
        may(
            "interruptible",
            truth(
                "False: it is spoken to its end, whatever the caller says.",
                true,
            )
            .otherwise(json!(true)),
        ),
    ];
    object(Side::Request, "A sentence for a live conversation.", fields)
}

fn message() -> Value {
    let moment = |about: &str| datetime(about, "2024-05-11T12:00:01.000Z").or_null();
    let fields = vec![
        must(
            "role",
            word("Who said it: the agent, or the caller.", &["agent", "user"]),
        ),
        must(
            "content",
            text(
                "What was said; of the agent only what was heard.",
                "Good evening, how",
            ),
        ),
        must(
            "id",
            text(
                "Its id. An addition of this server.",
                "msg_018f69cbdc007000800000000000000a",
            )
            .or_null(),
        ),
        must(
            "started_at",
            moment("First sound of it. An addition of this server."),
        ),
        must(
            "ended_at",
            moment("Last sound of it. An addition of this server."),
        ),
        must(
            "interrupted",
            truth(
                "The agent had more to say, but the caller took the turn or the call ended. An addition of this server.",
                false,
            ),
        ),
    ];
    answer(
        "What the caller said, or what was heard of the agent.",
        fields,
    )
}

fn phone_call() -> Value {
    let fields = vec![
        must("provider", word("The carrier.", &["twilio"])),
        must(
            "to_number",
            text("Who was called, in E.164.", "+15550002222"),
        ),
        must("from_number", text("Who called, in E.164.", "+15550001111")),
    ];
    answer("The telephone side of a call.", fields)
}

fn engine() -> Value {
    let fields = vec![
        must("transcriber", text("What listened.", "whisper tiny.en")),
        must("language_model", text("What thought.", "qwen2.5 0.5b")),
        must("voice", text("What spoke.", "piper joe")),
    ];
    answer(
        "What really ran, which the published provider fields have no words for.",
        fields,
    )
}

fn recording() -> Value {
    let fields = vec![
        must("duration_seconds", number("Seconds.", 30.02)),
        must("bytes", whole("Size of the file.", 480_000)),
        must("format", word("How it is coded.", &["flac", "opus", "wav"])),
    ];
    answer("A stereo file: caller left, agent right.", fields)
}

fn recording_url() -> Value {
    let url = format!("http://127.0.0.1:8080/recordings/{ID}.flac?token=1715432400.c2lnbmVk");
    answer(
        "Where a recording is.",
        vec![must(
            "recording_url",
            text("Absolute; works without a key for an hour.", &url),
        )],
    )
}

fn turn() -> Value {
    let stages = [
        ("silence_ms", "The speech gate noticed the silence."),
        (
            "transcript_ms",
            "The transcript that was answered was complete.",
        ),
        ("verdict_ms", "The turn detector had judged."),
        ("endpoint_ms", "The turn was taken."),
        ("first_token_ms", "First token of the answer."),
        (
            "first_piece_ms",
            "First piece of the answer handed to the voice.",
        ),
        (
            "first_speech_ms",
            "First audio of the answer from the voice.",
        ),
        ("first_audio_ms", "First frame of the answer sent."),
    ];
    let timings = stages.map(|(name, about)| must(name, whole(about, 320).or_null()));
    let about = "When each stage was reached, in milliseconds after the caller's last sound; null: it was not reached.";
    let fields = vec![
        must("turn", whole("Counts the caller's turns from 1.", 1)),
        must("timings", answer(about, timings.into_iter().collect())),
    ];
    answer("One turn of the caller that was answered.", fields)
}

fn cost() -> Field {
    must("cost", number("US dollars.", 0.0125))
}

fn seconds(about: &str) -> Field {
    must("seconds", number(about, 30.5))
}

fn own_engine() -> Field {
    must("engine", text("The engine on this machine that did it, at no cost; null: the provider did. An addition of this server.", "piper joe").or_null())
}

fn costs() -> Value {
    let by = |about: &str, words: &[&str], usage: Vec<Field>| {
        let provider = must("provider", word("Who did it.", words));
        answer(about, [provider, cost()].into_iter().chain(usage).collect())
    };
    let voice = vec![
        must("characters", whole("Characters spoken.", 25)),
        own_engine(),
    ];
    let model = vec![
        must("input_tokens", whole("Tokens read.", 120)),
        must("output_tokens", whole("Tokens written.", 8)),
        own_engine(),
    ];
    let mut telephony = by(
        "The telephone line. Null: a web call.",
        &["twilio"],
        vec![seconds("Seconds on the line.")],
    );
    telephony = telephony.or_null();
    let fields = vec![
        must(
            "total",
            number("The sum of the lines, in US dollars.", 0.0125),
        ),
        must(
            "voice",
            by(
                "The voice.",
                &["azure", "elevenlabs", "rimeai", "deepgram", "playht"],
                voice,
            ),
        ),
        must(
            "transcriber",
            by(
                "The transcriber.",
                &["deepgram", "azure"],
                vec![seconds("Seconds heard."), own_engine()],
            ),
        ),
        must(
            "language_model",
            by("The language model.", &["openai", "google"], model),
        ),
        must("telephony", telephony),
        must(
            "agent",
            by(
                "This platform.",
                &["voiceos"],
                vec![seconds("Seconds of the call.")],
            ),
        ),
    ];
    answer("What a conversation cost, in US dollars.", fields)
}
