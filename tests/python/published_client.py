"""Drives the published client, PyPI `voiceos` 0.8.1.3, against a server and checks what its models parsed.

published_client.py <url> <key> <what the server holds, as JSON>. Every function `check_…` is one fact; the first that
does not hold ends the program with its traceback.
"""

import json
import sys
from datetime import datetime, timedelta, timezone

from voiceos.api.default_api import DefaultApi
from voiceos.client import VoiceOS
from voiceos.exceptions import ApiException, NotFoundException, UnauthorizedException
from voiceos.models import agent_configuration as agents
from voiceos.models import update_agent as updates
from voiceos.models.azure_transcriber import AzureTranscriber
from voiceos.models.azure_voice import AzureVoice
from voiceos.models.conversation_status import ConversationStatus
from voiceos.models.conversation_type import ConversationType
from voiceos.models.deepgram_transcriber import DeepgramTranscriber
from voiceos.models.deepgram_voice import DeepgramVoice
from voiceos.models.elevenlabs_voice import ElevenlabsVoice
from voiceos.models.ended_reasons import EndedReasons
from voiceos.models.event_name import EventName
from voiceos.models.method_enum import MethodEnum
from voiceos.models.open_ai import OpenAI
from voiceos.models.playht_voice import PlayhtVoice
from voiceos.models.rime_voice import RimeVoice
from voiceos.models.transcriber import Transcriber
from voiceos.models.voice import Voice
from voiceos.models.voice1 import Voice1
from voiceos.models.webhook import Webhook

URL, KEY, HELD = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


def client(key=KEY):
    made = VoiceOS(key)
    made.configuration._base_path = URL
    return made


def refused(kind, what, *args, **named):
    try:
        what(*args, **named)
    except kind as error:
        return error
    raise AssertionError(f"{what.__name__} was not refused")


v = client()


def check_health():
    health = DefaultApi(v.client).health_check_get()
    assert health["status"] == "ok", health


def check_an_agent_with_everything_comes_back_as_it_was_sent():
    webhook = Webhook(events=[EventName.CONVERSATION_COLON_ENDED], url="https://example.com/hook", method=MethodEnum.POST,
                      headers={"x-shop": "1"}, filter="call_duration > 5")
    sent = agents.AgentConfiguration(
        initial_message="Good day.", prompt="Be brief.", max_duration_seconds=30, webhooks=[webhook],
        voice=Voice(PlayhtVoice.from_dict({"model": "susan", "speed": 1.5})),
        language_model=OpenAI.from_dict({"model": "gpt-4-turbo"}),
        transcriber=Transcriber(DeepgramTranscriber.from_dict({"model": "nova-2", "language": "en", "keywords": ["VoiceOS"]})))
    agent = v.agents.create_agent(sent)
    assert agent.id and agent.account_id and agent.uri == f"/agents/{agent.id}", agent
    assert isinstance(agent.created_at, datetime) and agent.created_at == agent.updated_at, agent
    assert (agent.initial_message, agent.prompt, agent.max_duration_seconds) == ("Good day.", "Be brief.", 30), agent
    voice = agent.voice.actual_instance
    assert isinstance(voice, PlayhtVoice) and (voice.model.actual_instance, voice.speed) == ("susan", 1.5), voice
    assert agent.language_model.model.actual_instance == "gpt-4-turbo", agent
    ears = agent.transcriber.actual_instance
    assert isinstance(ears, DeepgramTranscriber) and ears.keywords == ["VoiceOS"], ears
    hook = agent.webhooks[0]  # this client does not read headers back
    assert (hook.events, hook.url, hook.method, hook.filter) == (webhook.events, webhook.url, webhook.method, webhook.filter), hook
    assert v.agents.get_agent(agent.id) == agent
    assert v.agents.delete_agent(agent.id) == agent
    refused(NotFoundException, v.agents.get_agent, agent.id)


def check_each_voice_and_transcriber_is_parsed_as_itself():
    voices = [PlayhtVoice.from_dict({"model": "william"}), AzureVoice.from_dict({"model": "en-US-AvaMultilingualNeural", "pitch": -5}),
              DeepgramVoice.from_dict({"model": "aura-luna-en"}), RimeVoice.from_dict({"speaker": "abbie", "speed_alpha": 0.5}),
              ElevenlabsVoice.from_dict({"voice_id": "rachel", "stability": 1, "similarity_boost": 0})]
    for voice in voices:
        agent = v.agents.create_agent(agents.AgentConfiguration(voice=Voice(voice)))
        assert type(agent.voice.actual_instance) is type(voice), agent.voice
        v.agents.delete_agent(agent.id)
    ears = Transcriber(AzureTranscriber.from_dict({"languages": ["en-US", "de-DE"]}))
    agent = v.agents.create_agent(agents.AgentConfiguration(transcriber=ears))
    heard = agent.transcriber.actual_instance
    assert isinstance(heard, AzureTranscriber), heard
    assert [language.actual_instance for language in heard.languages] == ["en-US", "de-DE"], heard
    v.agents.delete_agent(agent.id)


def check_agents_are_listed_by_page_and_by_time():
    before = datetime.now(timezone.utc) - timedelta(seconds=5)
    made = []
    while len(made) < 3:
        agent = v.agents.create_agent(agents.AgentConfiguration(prompt=str(len(made))))
        if made and agent.created_at == made[-1].created_at:
            v.agents.delete_agent(agent.id)  # of the same millisecond: which comes first is not said
        else:
            made.append(agent)
    page = v.agents.list_agents(index=1, limit=2)
    assert [agent.prompt for agent in page.items] == ["2", "1"], page
    assert (page.index, page.has_more) == (1, True), page
    assert v.agents.list_agents(index=2, limit=2).items[0].prompt == "0"
    since = v.agents.list_agents(created_after=before, limit=100)
    assert {agent.id for agent in made} <= {agent.id for agent in since.items}, since
    # Whatever offset the client writes, and none, the instant is the same.
    for zone in (timezone.utc, timezone(timedelta(hours=2)), timezone(timedelta(hours=-9, minutes=-30)), None):
        at = made[1].created_at.astimezone(zone or timezone.utc)
        at = at if zone else at.replace(tzinfo=None)
        earlier = v.agents.list_agents(created_before=at + timedelta(milliseconds=1), limit=100).items
        assert made[1].id in {agent.id for agent in earlier}, zone
        later = v.agents.list_agents(created_after=at, limit=100).items
        assert made[1].id not in {agent.id for agent in later}, zone
    for agent in made:
        v.agents.delete_agent(agent.id)


def check_a_change_keeps_what_it_does_not_name():
    agent = v.agents.create_agent(agents.AgentConfiguration(prompt="Old.", initial_message="Hi.", max_duration_seconds=30))
    changed = v.agents.update_agent(agent.id, updates.UpdateAgent(prompt="New."))
    assert (changed.prompt, changed.initial_message) == ("New.", "Hi."), changed
    assert changed.max_duration_seconds == 30, "the 600 that this client sends unasked does not count"
    changed = v.agents.update_agent(agent.id, updates.UpdateAgent(max_duration_seconds=600))
    assert changed.max_duration_seconds == 600, "600 alone was asked for"
    changed = v.agents.update_agent(agent.id, updates.UpdateAgent(
        max_duration_seconds=60, voice=Voice1(RimeVoice.from_dict({"speaker": "joy"}))))
    assert changed.max_duration_seconds == 60 and isinstance(changed.voice.actual_instance, RimeVoice), changed
    v.agents.delete_agent(agent.id)


def check_what_others_made_can_be_read():
    listed = {agent.id: agent for agent in v.agents.list_agents(limit=100).items}
    for got in (listed.get, v.agents.get_agent):
        assert isinstance(got(HELD["rimeai"]).voice.actual_instance, RimeVoice)
        assert got(HELD["google"]).language_model is None
        voice = got(HELD["elevenlabs"]).voice.actual_instance
        assert isinstance(voice, ElevenlabsVoice), voice
        assert (voice.stability, voice.similarity_boost, voice.model_id) == (0, 1, None), voice


def check_conversations_are_listed_without_web_calls():
    page = v.conversations.list_conversations()
    assert [call.id for call in page.items] == [HELD["queued"], HELD["outbound"], HELD["inbound"]], page
    assert (page.index, page.has_more) == (1, False), page


def check_conversations_are_listed_with_each_filter():
    def listed(**named):
        return [call.id for call in v.conversations.list_conversations(**named).items]

    between = datetime(2024, 1, 15, tzinfo=timezone(timedelta(hours=2)))
    assert listed(created_after=between) == [HELD["queued"], HELD["outbound"]]
    assert listed(created_before=between) == [HELD["inbound"]]
    assert listed(created_after=between, created_before=between) == []
    assert listed(status=ConversationStatus.ENDED) == [HELD["outbound"], HELD["inbound"]]
    assert listed(status=ConversationStatus.QUEUED) == [HELD["queued"]]
    assert listed(status=ConversationStatus.STARTED) == []
    # The newest is a web call, which this client has no word for: its page is empty.
    first = v.conversations.list_conversations(index=1, limit=1)
    assert (first.items, first.has_more) == ([], True), first
    assert listed(index=2, limit=1) == [HELD["queued"]]


def check_a_phone_call_is_read_with_its_costs():
    call = v.conversations.get_conversation(HELD["inbound"])
    assert (call.type, call.status) == (ConversationType.INBOUND_PHONE_CALL, ConversationStatus.ENDED), call
    assert call.phone_call.from_number == "+15550001111" and call.phone_call.to_number == "+15550002222", call
    assert call.ended_reason == EndedReasons.USER_ENDED and call.started_at < call.ended_at, call
    assert [(message.role.value, message.content) for message in call.messages] == [("agent", "Good day.")], call
    cost = call.cost_breakdown
    assert (cost.voice.provider.value, cost.voice.characters, cost.total) == ("rime", 9, 0.25), cost
    assert isinstance(call.agent_config.voice.actual_instance, RimeVoice), call


def check_costs_that_it_cannot_name_are_none():
    call = v.conversations.get_conversation(HELD["outbound"])
    assert (call.status, call.cost_breakdown) == (ConversationStatus.ENDED, None), call
    assert call.agent_config.language_model is None, call


def check_a_web_call_is_read_as_an_inbound_call_without_numbers():
    call = v.conversations.get_conversation(HELD["web"])
    assert (call.type, call.phone_call) == (ConversationType.INBOUND_PHONE_CALL, None), call
    assert v.conversations.get_audio_recording(HELD["web"]).recording_url.startswith(f"{URL}/recordings/")
    refused(NotFoundException, v.conversations.get_audio_recording, HELD["inbound"])


def check_refusals_are_the_exceptions_of_the_client():
    refused(NotFoundException, v.agents.get_agent, "agent_nobody/really")
    refused(NotFoundException, v.conversations.get_conversation, "conv_nobody")
    refused(UnauthorizedException, client("vos_wrong").agents.list_agents)
    wrong = agents.AgentConfiguration(max_duration_seconds=-1)
    error = refused(ApiException, v.agents.create_agent, wrong)
    assert error.status == 422 and error.data.detail[0].loc[1].actual_instance == "max_duration_seconds", error
    assert error.data.detail[0].type == "value_error.number.not_ge", error


for name, check in list(globals().items()):
    if name.startswith("check_"):
        check()
        print("ok", name.removeprefix("check_").replace("_", " "))
