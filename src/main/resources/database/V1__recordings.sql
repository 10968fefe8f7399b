-- One row for each file of a recording. Times are milliseconds since 1970. The same words for H2 and PostgreSQL.
CREATE TABLE recording (
    id varchar(36) PRIMARY KEY,
    recording_id varchar(36) NOT NULL,
    node varchar(36) NOT NULL,
    stream_name varchar(512) NOT NULL,
    media_session_id varchar(128) NOT NULL,
    login varchar(1024) NOT NULL,
    protocol varchar(16) NOT NULL,
    part integer NOT NULL,
    file_name varchar(512) NOT NULL,
    container varchar(8) NOT NULL,
    tracks text NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint NOT NULL,
    modified_at bigint NOT NULL,
    duration_millis bigint NOT NULL,
    size_bytes bigint NOT NULL,
    state varchar(16) NOT NULL,
    reason varchar(1024) NOT NULL,
    frames_missing bigint,
    freeze_millis bigint,
    filled_millis bigint,
    drift_millis bigint,
    hook_state varchar(16) NOT NULL,
    hook_exit integer,
    hook_message varchar(1024) NOT NULL,
    webhook_state varchar(16) NOT NULL,
    webhook_exit integer,
    webhook_message varchar(1024) NOT NULL,
    search_text varchar(4096) NOT NULL
);

-- The console's list, newest first, without a sort.
CREATE INDEX recording_started ON recording (node, started_at DESC, id DESC);
CREATE INDEX recording_ended ON recording (node, ended_at, id);
CREATE INDEX recording_stream ON recording (node, stream_name, started_at);
CREATE INDEX recording_file ON recording (node, file_name);
CREATE INDEX recording_state ON recording (node, state);
