-- What the recorder says of a file that waits to be mixed, for callbackUrl (-1: nothing), and how its mix ended, as
-- ./run mix does.
ALTER TABLE mix_job ADD COLUMN creation_time bigint DEFAULT -1 NOT NULL;
ALTER TABLE mix_job ADD COLUMN duration_millis bigint DEFAULT -1 NOT NULL;
ALTER TABLE mix_job ADD COLUMN recorder_uri varchar(1024) DEFAULT '' NOT NULL;
ALTER TABLE mix_job ADD COLUMN exit_code integer DEFAULT 0 NOT NULL;
