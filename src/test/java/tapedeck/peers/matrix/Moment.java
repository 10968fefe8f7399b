package tapedeck.peers.matrix;

import tapedeck.stream.Stream;

/// By two clocks: that of a stream's media, which is as slow as a busy machine makes its publisher, and that of the
/// machine. The media's is too fast where a publisher begins with what had waited while it connected (seconds of it, at
/// once); so the slower of the two counts. Media that stand still for longer than any machine is busy are no excuse.
record Moment(long mediaNanos, long machineNanos) {
    static final double MAX_BUSY_SECONDS = 20;

    static Moment of(Stream stream) {
        return new Moment(stream.statistics().mediaNanos(), System.nanoTime());
    }

    double secondsSince(Moment before) {
        double machine = (machineNanos - before.machineNanos) / 1e9;
        return machine > MAX_BUSY_SECONDS ? machine : Math.min((mediaNanos - before.mediaNanos) / 1e9, machine);
    }
}
