package tapedeck.container.matroska;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.CodedTrack;
import tapedeck.container.FrameSink;
import tapedeck.container.PendingBytes;
import tapedeck.container.matroska.EbmlReader.Child;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// WebM or MKV as it is written, in pieces of any size: Segment and Clusters may have no size (RFC 8794 6.2), as live
/// writers and browsers leave them. Another EBML header begins another file.
///
/// Blocks say presentation times only, so frames have these as decoding times too.
public final class MatroskaDemuxer {
    /// Larger than any picture that a live encoder sends.
    static final int MAX_BLOCK_BYTES = 16 << 20;
    /// Info and Tracks: room for codec data.
    static final int MAX_MASTER_BYTES = 1 << 20;

    static final int MAX_HEADER_BYTES = 4096;

    private static final int LONGEST_ELEMENT_HEADER = 12;
    private static final int MAX_SCALE_NANOS = 1_000_000_000;
    private static final int FLAG_KEYFRAME = 0x80;
    private static final int LACING_MASK = 0x06;

    private final FrameSink sink;
    private final PendingBytes pending = new PendingBytes();
    private final Map<Integer, Line> lines = new HashMap<>();
    private long toSkip;
    private boolean begun;
    private boolean described;
    private boolean searching;
    private long scaleNanos = Head.TIMESTAMP_SCALE_NANOS;
    /// Negative before the cluster said it.
    private long clusterTicks = -1;

    private record Line(CodedTrack track, long delayNanos) {}

    public MatroskaDemuxer(FrameSink sink) {
        this.sink = sink;
    }

    /// Whether a file that begins so is one of these.
    public static boolean matches(Bytes first) {
        return first.length() >= 4 && first.i32(0) == ElementId.EBML;
    }

    /// @throws MalformedException if this cannot be what it says; nothing can follow then but [#resync]
    public void receive(Bytes bytes) {
        pending.append(bytes);
        boolean more = true;
        while (more && pending.length() > 0) {
            more = searching ? search() : toSkip > 0 ? skip() : element();
        }
    }

    /// How much has come of what is not whole yet.
    public int pendingBytes() {
        return pending.length();
    }

    /// Something is missing: what comes next is the middle of an element. It goes on at the next cluster.
    public void resync() {
        pending.clear();
        toSkip = 0;
        clusterTicks = -1;
        searching = described;
    }

    /// RFC 9559 5.1.3.1: a Timestamp is the first that a Cluster has, but for a checksum.
    private boolean search() {
        for (int at = 0; at + LONGEST_ELEMENT_HEADER + 1 <= pending.length(); at++) {
            if (pending.u8(at) == 0x1F && (int) pending.u32(at) == ElementId.CLUSTER) {
                int length = Math.max(1, Integer.numberOfLeadingZeros(pending.u8(at + 4)) - 23);
                int inner = length > 8 ? 0 : pending.u8(at + 4 + length);
                if (inner == ElementId.TIMESTAMP || inner == ElementId.CRC_32) {
                    pending.skip(at);
                    searching = false;
                    return true;
                }
            }
        }
        pending.skip(Math.max(0, pending.length() - LONGEST_ELEMENT_HEADER));
        return false;
    }

    private boolean skip() {
        int count = (int) Math.min(toSkip, pending.length());
        pending.skip(count);
        toSkip -= count;
        return true;
    }

    /// Takes in the element that begins here, as soon as there is enough of it.
    private boolean element() {
        int idBytes = Math.max(1, Integer.numberOfLeadingZeros(pending.u8(0)) - 23);
        if (idBytes > 4) {
            throw new MalformedException(
                    "Matroska: no element begins with %02x at %d".formatted(pending.u8(0), pending.position()));
        }
        if (pending.length() <= idBytes) {
            return false;
        }
        int sizeBytes = EbmlReader.vintLength(pending.u8(idBytes));
        int headerBytes = idBytes + sizeBytes;
        if (pending.length() < headerBytes) {
            return false;
        }
        int id = 0;
        for (int i = 0; i < idBytes; i++) {
            id = id << 8 | pending.u8(i);
        }
        long size = EbmlReader.vintStart(pending.u8(idBytes), sizeBytes);
        for (int i = 1; i < sizeBytes; i++) {
            size = size << 8 | pending.u8(idBytes + i);
        }
        boolean unknown = size == EbmlReader.vintMax(sizeBytes);
        if (!begun && id != ElementId.EBML) {
            throw new MalformedException("Matroska: it begins with %s, not with EBML".formatted(ElementId.name(id)));
        }
        if (id == ElementId.SEGMENT || id == ElementId.CLUSTER) {
            pending.skip(headerBytes);
            clusterTicks = -1;
            return true;
        }
        if (unknown) {
            throw new MalformedException(
                    "Matroska: %s at %d has no size".formatted(ElementId.name(id), pending.position()));
        }
        return whole(id, headerBytes, size);
    }

    private boolean whole(int id, int headerBytes, long size) {
        int most = switch (id) {
            case ElementId.EBML -> MAX_HEADER_BYTES;
            case ElementId.INFO, ElementId.TRACKS -> MAX_MASTER_BYTES;
            case ElementId.TIMESTAMP -> 8;
            case ElementId.SIMPLE_BLOCK, ElementId.BLOCK_GROUP -> MAX_BLOCK_BYTES;
            default -> 0;
        };
        if (most == 0) {
            pending.skip(headerBytes);
            toSkip = size;
            return true;
        }
        if (size > most) {
            throw new MalformedException("Matroska: %s of %d bytes at %d, at most %d allowed"
                    .formatted(ElementId.name(id), size, pending.position(), most));
        }
        int length = (int) size;
        if (pending.length() < headerBytes + length) {
            return false;
        }
        Bytes content = pending.copy(headerBytes, length);
        pending.skip(headerBytes + length);
        switch (id) {
            case ElementId.EBML -> begin(EbmlReader.children(content));
            case ElementId.INFO -> info(EbmlReader.children(content));
            case ElementId.TRACKS -> tracks(EbmlReader.children(content));
            case ElementId.TIMESTAMP -> clusterTicks = ticks(new Child(id, content).uint());
            case ElementId.SIMPLE_BLOCK -> block(content, false, false);
            default -> group(EbmlReader.children(content));
        }
        return true;
    }

    private void begin(List<Child> header) {
        for (Child child : header) {
            if (child.id() == ElementId.DOC_TYPE
                    && !child.text().equals(Doctype.WEBM.text())
                    && !child.text().equals(Doctype.MKV.text())) {
                throw new MalformedException("Matroska: DocType is neither webm nor matroska");
            }
        }
        begun = true;
        described = false;
        clusterTicks = -1;
        scaleNanos = Head.TIMESTAMP_SCALE_NANOS;
        lines.clear();
    }

    private void info(List<Child> info) {
        for (Child child : info) {
            if (child.id() == ElementId.TIMESTAMP_SCALE) {
                scaleNanos = child.uint(MAX_SCALE_NANOS);
                if (scaleNanos == 0) {
                    throw new MalformedException("Matroska: TimestampScale of 0");
                }
            }
        }
    }

    private void tracks(List<Child> tracks) {
        boolean video = false;
        boolean audio = false;
        for (Child child : tracks) {
            if (child.id() != ElementId.TRACK_ENTRY) {
                continue;
            }
            TrackEntry entry = TrackEntry.parse(child.children());
            if (entry.kind() == TrackEntry.Kind.OTHER) {
                continue;
            }
            boolean second = entry.video() ? video : audio;
            CodedTrack track = entry.coded(entry.video() ? Track.VIDEO : Track.AUDIO);
            if (second || track == null) {
                sink.unsupported(second ? "a second track of " + entry.codecId() : entry.codecId());
                continue;
            }
            video |= entry.video();
            audio |= !entry.video();
            lines.put(entry.number(), new Line(track, entry.codecDelayNanos()));
            track.track().ifPresent(sink::track);
        }
        described = true;
    }

    private long ticks(long value) {
        if (value < 0 || value > Long.MAX_VALUE / 4 / scaleNanos) {
            throw new MalformedException("Matroska: cluster timestamp out of range");
        }
        return value;
    }

    /// A block in a group is a keyframe if it refers to no other: RFC 9559 10.3.
    private void group(List<Child> group) {
        boolean refers = false;
        Bytes block = Bytes.EMPTY;
        for (Child child : group) {
            refers |= child.id() == ElementId.REFERENCE_BLOCK;
            block = child.id() == ElementId.BLOCK ? child.content() : block;
        }
        block(block, true, !refers);
    }

    /// RFC 9559 10.1.
    ///
    /// @param grouped whether the group has said if it is a keyframe, which else stands in the flags
    private void block(Bytes block, boolean grouped, boolean keyframe) {
        ByteReader in = block.reader();
        int first = in.u8();
        int length = EbmlReader.vintLength(first);
        long number = EbmlReader.vintStart(first, length);
        for (int i = 1; i < length; i++) {
            number = number << 8 | in.u8();
        }
        short relative = (short) in.u16();
        int flags = in.u8();
        if (clusterTicks < 0) {
            throw new MalformedException("Matroska: a block before its cluster's Timestamp");
        }
        Line line = number > Integer.MAX_VALUE ? null : lines.get((int) number);
        if (line == null) {
            return;
        }
        long nanos = (clusterTicks + relative) * scaleNanos - line.delayNanos();
        boolean key = grouped ? keyframe : (flags & FLAG_KEYFRAME) != 0;
        for (Bytes data : Lacing.frames(flags & LACING_MASK, in.rest())) {
            Frame frame = line.track().frame(nanos, nanos, key, data);
            if (frame != null) {
                sink.frame(frame);
            }
        }
    }
}
