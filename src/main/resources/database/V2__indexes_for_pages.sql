-- Each order that the console offers is an index, and what a page is counted by is in it: no row is read that is not
-- shown.
DROP INDEX recording_started;
DROP INDEX recording_state;
DROP INDEX recording_stream;
DROP INDEX recording_file;
CREATE INDEX recording_started ON recording (node, started_at DESC, id DESC, size_bytes);
CREATE INDEX recording_state ON recording (node, state, started_at DESC, id DESC, size_bytes);
CREATE INDEX recording_stream ON recording (node, stream_name, id, started_at, size_bytes);
CREATE INDEX recording_file ON recording (node, file_name, id);
CREATE INDEX recording_longest ON recording (node, duration_millis DESC, id DESC);
CREATE INDEX recording_largest ON recording (node, size_bytes DESC, id DESC);
