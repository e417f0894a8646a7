-- Times are milliseconds since 1970 (UTC). What is only read and written as a whole is JSON text.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE keys (
    id TEXT PRIMARY KEY NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- SHA-256 of the key. It is found by its first eight bytes and compared as a whole.
    hash_start BIGINT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX keys_by_hash ON keys (hash_start);

CREATE TABLE agents (
    id TEXT PRIMARY KEY NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    configuration TEXT NOT NULL
);
CREATE INDEX agents_by_time ON agents (account_id, created_at, id);

CREATE TABLE conversations (
    id TEXT PRIMARY KEY NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    -- No reference: a conversation outlives its agent.
    agent_id TEXT,
    agent_configuration TEXT NOT NULL,
    phone_call TEXT,
    ended_reason TEXT,
    cost_breakdown TEXT,
    engine TEXT,
    recording TEXT
);
CREATE INDEX conversations_by_time ON conversations (account_id, created_at, id);
CREATE INDEX conversations_by_status ON conversations (account_id, status, created_at, id);
CREATE INDEX conversations_unfinished ON conversations (created_at) WHERE status <> 'ended';

CREATE TABLE messages (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (conversation_id, seq)
);

CREATE TABLE events (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (conversation_id, seq)
);

CREATE TABLE turns (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    turn BIGINT NOT NULL,
    timings TEXT NOT NULL,
    PRIMARY KEY (conversation_id, turn)
);
