package tapedeck.container.matroska;

import java.io.IOException;
import tapedeck.bytes.MalformedException;
import tapedeck.container.matroska.FileWindow.Element;

/// Goes from block to block and reads no more than their headers: RFC 9559 5.1.3 and 10.
///
/// Clusters and BlockGroups are entered, everything else is stepped over by its size, so a cluster of unknown size
/// needs no care: it goes on until something comes that no cluster can hold. Each step moves on by an element.
final class BlockCursor {
    /// Larger than any frame: 8K pictures without loss stay below.
    static final int MAX_BLOCK_BYTES = 1 << 26;

    private static final int FLAG_KEYFRAME = 0x80;
    private static final int LACING_MASK = 0x06;
    /// Time and flags.
    private static final int FIXED_HEADER_BYTES = 3;

    private final FileWindow file;
    private final long limit;
    private final long maxTicks;
    private long at;
    /// Where the cluster around `at` ends; `limit` if it does not say.
    private long clusterEnd;
    /// Negative before the cluster said it.
    private long clusterTicks = -1;

    private int trackNumber;
    private long ticks;
    private boolean keyframe;
    private boolean hidden;
    private int lacing;
    private long contentAt;
    private int contentBytes;

    /// @param from a position at which an element starts
    /// @param limit where to stop
    /// @param scaleNanos of one tick
    BlockCursor(FileWindow file, long from, long limit, long scaleNanos) {
        this.file = file;
        this.at = from;
        this.limit = limit;
        this.maxTicks = Long.MAX_VALUE / 4 / scaleNanos;
    }

    /// Goes to the next block. Returns false at the end, or where the file was cut.
    boolean advance() throws IOException {
        while (at < limit && file.hasHeader(at)) {
            Element element = file.element(at);
            switch (element.id()) {
                case ElementId.SEGMENT, ElementId.EBML -> {
                    return false;
                }
                case ElementId.CLUSTER -> {
                    clusterEnd = element.unknownSize() ? limit : element.end();
                    clusterTicks = -1;
                    at = element.contentAt();
                }
                default -> {
                    if (isCut(element)) {
                        return false;
                    }
                    at = element.end();
                    if (inCluster(element)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /// Whether the file ends inside an element; one that reaches out of its cluster is a lie.
    private boolean isCut(Element element) {
        if (element.unknownSize()) {
            throw new MalformedException("%s has no size".formatted(element));
        }
        if (element.at() < clusterEnd && element.end() > clusterEnd) {
            throw new MalformedException(
                    "%s ends at %d, its cluster at %d".formatted(element, element.end(), clusterEnd));
        }
        return element.end() > limit;
    }

    /// Takes in an element; true if it was a block.
    private boolean inCluster(Element element) throws IOException {
        return switch (element.id()) {
            case ElementId.TIMESTAMP -> {
                timestamp(element);
                yield false;
            }
            case ElementId.SIMPLE_BLOCK -> {
                block(element);
                yield true;
            }
            case ElementId.BLOCK_GROUP -> group(element);
            default -> false;
        };
    }

    private void timestamp(Element element) throws IOException {
        if (element.at() >= clusterEnd) {
            throw new MalformedException("%s is a Timestamp outside of a cluster".formatted(element));
        }
        clusterTicks = uint(element);
        if (clusterTicks < 0 || clusterTicks > maxTicks) {
            throw new MalformedException("%s: cluster timestamp out of range".formatted(element));
        }
    }

    /// A block in a group is a keyframe if it refers to no other: RFC 9559 10.3.
    private boolean group(Element group) throws IOException {
        boolean found = false;
        boolean refers = false;
        long inner = group.contentAt();
        while (inner < group.end()) {
            Element element = file.element(inner);
            if (element.unknownSize() || element.end() > group.end()) {
                throw new MalformedException("%s does not fit into %s".formatted(element, group));
            }
            if (element.id() == ElementId.BLOCK) {
                if (found) {
                    throw new MalformedException("two Blocks in %s".formatted(group));
                }
                block(element);
                found = true;
            }
            refers |= element.id() == ElementId.REFERENCE_BLOCK;
            inner = element.end();
        }
        keyframe = !refers;
        return found;
    }

    private void block(Element element) throws IOException {
        if (clusterTicks < 0 || element.at() >= clusterEnd) {
            throw new MalformedException("%s is not behind a Cluster's Timestamp".formatted(element));
        }
        if (element.size() > MAX_BLOCK_BYTES) {
            throw new MalformedException("%s has %d bytes".formatted(element, element.size()));
        }
        long position = element.contentAt();
        if (element.size() < 1) {
            throw new MalformedException("%s is empty".formatted(element));
        }
        int first = file.u8(position);
        int length = EbmlReader.vintLength(first);
        if (element.size() < length + FIXED_HEADER_BYTES) {
            throw new MalformedException("%s has %d bytes".formatted(element, element.size()));
        }
        long number = EbmlReader.vintStart(first, length);
        for (int i = 1; i < length; i++) {
            number = number << 8 | file.u8(position + i);
        }
        if (number > Integer.MAX_VALUE) {
            throw new MalformedException("%s is of track %d".formatted(element, number));
        }
        trackNumber = (int) number;
        ticks = clusterTicks + (short) (file.u8(position + length) << 8 | file.u8(position + length + 1));
        int flags = file.u8(position + length + 2);
        keyframe = (flags & FLAG_KEYFRAME) != 0;
        hidden = (flags & ClusterWriter.FLAG_INVISIBLE) != 0;
        lacing = flags & LACING_MASK;
        contentAt = position + length + FIXED_HEADER_BYTES;
        contentBytes = (int) (element.end() - contentAt);
    }

    private long uint(Element element) throws IOException {
        if (element.size() > 8) {
            throw new MalformedException("%s: integer of %d bytes".formatted(element, element.size()));
        }
        long value = 0;
        for (int i = 0; i < element.size(); i++) {
            value = value << 8 | file.u8(element.contentAt() + i);
        }
        return value;
    }

    int trackNumber() {
        return trackNumber;
    }

    /// Cluster's and block's time together, in the file's scale; what CodecDelay takes off is still in it.
    long ticks() {
        return ticks;
    }

    boolean keyframe() {
        return keyframe;
    }

    /// Only to be decoded, for the sake of those behind it.
    boolean hidden() {
        return hidden;
    }

    /// The lacing bits as they stand in the flags: 0 none, 2 Xiph, 4 fixed size, 6 EBML.
    int lacing() {
        return lacing;
    }

    /// Where the frame, or the lacing in front of several, stands.
    long contentAt() {
        return contentAt;
    }

    int contentBytes() {
        return contentBytes;
    }
}
