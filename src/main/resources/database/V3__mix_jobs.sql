-- Files that wait to be mixed, are being mixed, or were. Times are milliseconds since 1970. The same words for H2 and
-- PostgreSQL.
CREATE TABLE mix_job (
    id varchar(36) PRIMARY KEY,
    node varchar(36) NOT NULL,
    file_path varchar(4096) NOT NULL,
    state varchar(16) NOT NULL,
    attempts integer NOT NULL,
    created_at bigint NOT NULL,
    ended_at bigint NOT NULL,
    mixed_path varchar(4096) NOT NULL,
    message varchar(1024) NOT NULL
);
CREATE INDEX mix_job_order ON mix_job (node, created_at, id);
