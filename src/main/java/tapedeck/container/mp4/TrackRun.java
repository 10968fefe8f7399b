package tapedeck.container.mp4;

import java.util.BitSet;

/// The samples of one `trun` (ISO/IEC 14496-12 8.8.8) with all defaults filled in: 12 bytes each.
final class TrackRun {
    static final long UNKNOWN = -1;

    private final int trackId;
    private final long decodeTime;
    private final long offset;
    private final int[] durations;
    private final int[] sizes;
    private final int[] compositionOffsets;
    private final BitSet sync;

    /// @param decodeTime of the first sample in ticks of the track, or [#UNKNOWN] to follow the run before
    /// @param offset of the first sample in the file
    TrackRun(int trackId, long decodeTime, long offset, int count) {
        this.trackId = trackId;
        this.decodeTime = decodeTime;
        this.offset = offset;
        durations = new int[count];
        sizes = new int[count];
        compositionOffsets = new int[count];
        sync = new BitSet(count);
    }

    void set(int sample, long duration, int size, int compositionOffset, boolean isSync) {
        durations[sample] = (int) duration;
        sizes[sample] = size;
        compositionOffsets[sample] = compositionOffset;
        sync.set(sample, isSync);
    }

    int trackId() {
        return trackId;
    }

    long decodeTime() {
        return decodeTime;
    }

    long offset() {
        return offset;
    }

    int count() {
        return sizes.length;
    }

    long duration(int sample) {
        return durations[sample] & 0xFFFF_FFFFL;
    }

    int size(int sample) {
        return sizes[sample];
    }

    int compositionOffset(int sample) {
        return compositionOffsets[sample];
    }

    boolean isSync(int sample) {
        return sync.get(sample);
    }

    /// Of all samples together.
    long bytes() {
        long bytes = 0;
        for (int size : sizes) {
            bytes += size;
        }
        return bytes;
    }
}
