package tapedeck.container.matroska;

import java.util.Arrays;
import tapedeck.bytes.Bytes;

/// Where to start reading for a time: RFC 9559 5.1.5. Bounded: when it is full, every second point goes and new ones
/// keep that distance.
final class CueList {
    /// Three days with a keyframe every two seconds; 2 MB of memory.
    static final int MAX_POINTS = 1 << 17;

    private final int maxPoints;
    private long[] times = new long[256];
    private long[] positions = new long[256];
    private int[] tracks = new int[256];
    private int count;
    private long distance;

    /// @param distance least time between two points, in ticks
    CueList(long distance, int maxPoints) {
        this.distance = distance;
        this.maxPoints = maxPoints;
    }

    int count() {
        return count;
    }

    /// @param time presentation time in ticks
    /// @param position of the cluster, from the start of the Segment's content
    void add(long time, int trackNumber, long position) {
        if (count > 0 && time - times[count - 1] < distance) {
            return;
        }
        if (count == maxPoints) {
            thin();
        }
        if (count == times.length) {
            times = Arrays.copyOf(times, count * 2);
            positions = Arrays.copyOf(positions, count * 2);
            tracks = Arrays.copyOf(tracks, count * 2);
        }
        times[count] = time;
        positions[count] = position;
        tracks[count++] = trackNumber;
    }

    private void thin() {
        distance = Math.max(distance, (times[count - 1] - times[0]) / count * 2);
        for (int i = 0; 2 * i < count; i++) {
            times[i] = times[2 * i];
            positions[i] = positions[2 * i];
            tracks[i] = tracks[2 * i];
        }
        count = (count + 1) / 2;
    }

    /// The content of a Cues element, with its CRC-32.
    Bytes content() {
        EbmlWriter points = new EbmlWriter();
        for (int i = 0; i < count; i++) {
            EbmlWriter where = new EbmlWriter()
                    .uint(ElementId.CUE_TRACK, tracks[i])
                    .uint(ElementId.CUE_CLUSTER_POSITION, positions[i]);
            points.master(
                    ElementId.CUE_POINT,
                    new EbmlWriter().uint(ElementId.CUE_TIME, times[i]).master(ElementId.CUE_TRACK_POSITIONS, where));
        }
        Bytes children = points.toBytes();
        return new EbmlWriter().raw(EbmlWriter.crc32(children)).raw(children).toBytes();
    }
}
