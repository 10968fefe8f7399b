package tapedeck.peers.matrix;

import tapedeck.peers.TestServer;

/// Another server, which records what it gets.
record Recorded(TestServer there, String name, long askedNanos) implements Player {
    @Override
    public Taken taken(Clip clip) throws Exception {
        // The last picture of a publisher that falls silent comes with the goodbye.
        return Taken.judge(clip, there.awaitRecordingOf(name), 1);
    }

    @Override
    public void stop() {}
}
