use super::*;

const FRAME: usize = 160;

/// A script, and an agent whose sounds the test decides.
struct Call {
    script: Script,
    agent: Agent,
}

impl Call {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            script: Script::new(8000, steps),
            agent: Agent::default(),
        }
    }

    /// The acts of `ms` in which the agent is heard or not.
    fn goes_on(&mut self, ms: u64, agent: bool) -> Vec<Act> {
        let sound = if agent { [3000; FRAME] } else { [0; FRAME] };
        (0..ms / 20)
            .map(|_| {
                self.agent.hear(&sound, false);
                self.script.act(&self.agent)
            })
            .collect()
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_script_says_its_lines_frame_by_frame_and_hangs_up() {
    let mut call = Call::new([Step::Say(vec![1; FRAME + 40])]);
    let acts = call.goes_on(60, false);
    assert_eq!(acts[0], Act::Speak(vec![1; FRAME]));
    assert!(
        matches!(&acts[1], Act::Speak(frame) if frame[..40] == [1; 40] && frame[40..] == [0; 120])
    );
    assert_eq!(acts[2], Act::HangUp);
}

#[test]
fn it_speaks_again_when_the_agent_has_answered_and_been_quiet() {
    let mut call = Call::new([Step::UntilAgentDone(ms(5000)), Step::Press('1')]);
    assert!(
        call.goes_on(1000, false)
            .iter()
            .all(|act| *act == Act::Silence)
    );
    assert!(
        call.goes_on(2000, true)
            .iter()
            .all(|act| *act == Act::Silence)
    );
    assert!(
        call.goes_on(680, false)
            .iter()
            .all(|act| *act == Act::Silence)
    );
    assert_eq!(call.goes_on(20, false), [Act::Press('1')]);
}

#[test]
fn it_does_not_wait_for_ever_for_an_agent_that_says_nothing() {
    let mut call = Call::new([Step::UntilAgentDone(ms(5000))]);
    let acts = call.goes_on(5000, false);
    assert_eq!(acts.iter().position(|act| *act == Act::HangUp), Some(249));
    assert_eq!(call.script.unanswered(), 1);
}

#[test]
fn an_agent_that_is_said_to_be_speaking_is_not_done_in_its_pauses() {
    let mut call = Call::new([Step::UntilAgentDone(ms(5000))]);
    call.agent.speaking = true;
    call.goes_on(500, true);
    assert!(
        call.goes_on(3000, false)
            .iter()
            .all(|act| *act == Act::Silence)
    );
    call.agent.speaking = false;
    assert_eq!(call.goes_on(720, false).last(), Some(&Act::HangUp));
}

#[test]
fn it_interrupts_once_the_agent_has_been_heard_long_enough() {
    let mut call = Call::new([Step::UntilAgentSpeaks(ms(600)), Step::Say(vec![1; FRAME])]);
    assert!(
        call.goes_on(580, true)
            .iter()
            .all(|act| *act == Act::Silence)
    );
    assert!(matches!(call.goes_on(20, true)[..], [Act::Speak(_)]));
}

#[test]
fn a_breath_of_the_agent_does_not_start_its_stretch_anew() {
    let mut call = Call::new([Step::UntilAgentSpeaks(ms(1000))]);
    call.goes_on(500, true);
    call.goes_on(200, false);
    assert_eq!(call.goes_on(300, true).last(), Some(&Act::HangUp));
}

#[test]
fn a_caller_can_wait_and_vanish() {
    let mut call = Call::new([Step::Wait(ms(100)), Step::Vanish]);
    let acts = call.goes_on(140, false);
    assert_eq!(acts.iter().filter(|act| **act == Act::Silence).count(), 5);
    assert_eq!(acts[5], Act::Vanish);
}

#[test]
fn an_answer_in_the_silence_at_the_end_of_a_recording_is_the_answer() {
    let recording = [vec![6000; FRAME * 10], vec![0; FRAME * 100]].concat();
    let mut call = Call::new([Step::Say(recording), Step::UntilAgentDone(ms(20_000))]);
    call.goes_on(500, false);
    call.goes_on(800, true);
    let acts = call.goes_on(1000, false);
    assert_eq!(acts.iter().position(|act| *act == Act::HangUp), Some(45));
}

#[test]
fn what_the_agent_says_while_the_caller_speaks_is_no_answer() {
    let mut call = Call::new([
        Step::Say(vec![6000; FRAME * 20]),
        Step::UntilAgentDone(ms(2000)),
    ]);
    call.goes_on(400, true);
    call.goes_on(1980, false);
    assert_eq!(call.script.unanswered(), 0);
    call.goes_on(40, false);
    assert_eq!(call.script.unanswered(), 1);
}
