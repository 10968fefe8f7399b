package tapedeck.peers.matrix;

import tapedeck.stream.Stream;

/// By two clocks: that of a stream's media, which is as slow as a busy machine makes its publisher, and that of the
/// machine. The media's is too fast where a publisher begins with what had waited while it connected (seconds of it, at
/// once); so the slower of the two counts.
record Moment(long mediaNanos, long machineNanos) {
    static Moment of(Stream stream) {
        return new Moment(stream.statistics().mediaNanos(), System.nanoTime());
    }

    double secondsSince(Moment before) {
        return Math.min(mediaNanos - before.mediaNanos, machineNanos - before.machineNanos) / 1e9;
    }
}
