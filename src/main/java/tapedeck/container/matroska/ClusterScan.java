package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;
import tapedeck.bytes.MalformedException;
import tapedeck.container.matroska.FileWindow.Element;

/// Goes through the clusters that a muxer left, by the first bytes of each, and finds the good ones.
///
/// A process that died left at most the last cluster torn, and its size says so. A machine that lost power may
/// have left holes in what it wrote last, so the clusters at the tail are checked by their CRC-32; and where no
/// cluster is, the next whole one is looked for, so that a few bad bytes never cost all that follows.
final class ClusterScan {
    /// How much of the tail is read and checked: many seconds of any stream, milliseconds of work.
    static final int TAIL_BYTES = 4 << 20;
    /// Two points closer than this are no use to anybody who seeks.
    static final long VIDEO_CUE_NANOS = 500_000_000;
    /// Every sound frame is an entry point; so many are enough.
    static final long AUDIO_CUE_NANOS = 5_000_000_000L;

    /// Header, CRC-32, Timestamp and the first block's header.
    private static final int LOOK_BYTES = 64;

    private static final int CRC_32_ELEMENT_BYTES = 6;
    private static final int ID_BYTES = 4;
    private static final int SEARCH_BUFFER_BYTES = 1 << 14;
    private static final int CRC_BUFFER_BYTES = 1 << 16;

    /// What may look like a cluster amid bad bytes, and how large it may be: bounds the work on hostile content.
    static final int MAX_CANDIDATES = 256;
    static final int MAX_CANDIDATE_BYTES = 2 * ClusterWriter.MAX_BYTES;
    /// Each bad cluster costs a walk; with so many, the rest is believed.
    static final int MAX_BAD = 512;

    /// Bytes that are no cluster, between good ones.
    record Gap(long from, long to) {}

    private final FileChannel channel;
    private final FileWindow file;
    private final FileHead head;
    private final long clustersAt;
    private final Deque<Element> tail = new ArrayDeque<>();
    private final List<Gap> gaps = new ArrayList<>();
    private final Set<Long> bad = new HashSet<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(SEARCH_BUFFER_BYTES);
    private int candidates;
    private CueList videoCues;
    private CueList audioCues;
    private long end;

    /// @param clustersAt where the first cluster was written
    ClusterScan(FileChannel channel, FileHead head, long clustersAt) throws IOException {
        this.channel = channel;
        this.head = head;
        this.clustersAt = clustersAt;
        file = new FileWindow(channel, LOOK_BYTES);
        videoCues = new CueList(0, CueList.MAX_POINTS);
        audioCues = videoCues;
        end = clustersAt;
    }

    /// Where the last good cluster ends.
    ///
    /// @throws MalformedException if there is none
    long run() throws IOException {
        boolean again = true;
        while (again) {
            again = walk();
            if (!again && tail.isEmpty()) {
                throw new MalformedException("no whole cluster in %d bytes".formatted(file.size()));
            }
            for (Element cluster : tail) {
                again |= isFoundBad(cluster);
            }
        }
        return end;
    }

    private boolean isFoundBad(Element cluster) throws IOException {
        return bad.size() < MAX_BAD && !isWhole(cluster) && bad.add(cluster.at());
    }

    /// What stands between good clusters and is none, in order.
    List<Gap> gaps() {
        return gaps;
    }

    /// One point for each keyframe of the video, or, where there is no video, for every few seconds of sound.
    CueList cues() {
        return videoCues.count() > 0 ? videoCues : audioCues;
    }

    long durationNanos() throws IOException {
        FileWindow blocks = new FileWindow(channel, 1 << 16);
        BlockCursor cursor = new BlockCursor(blocks, tail.getFirst().at(), end, head.scaleNanos());
        return new PlayTime(head).scan(blocks, cursor);
    }

    /// Goes through the file from its first cluster. Returns true if one was found bad that had been taken for good.
    private boolean walk() throws IOException {
        videoCues = new CueList(VIDEO_CUE_NANOS / head.scaleNanos(), CueList.MAX_POINTS);
        audioCues = new CueList(AUDIO_CUE_NANOS / head.scaleNanos(), CueList.MAX_POINTS);
        tail.clear();
        gaps.clear();
        candidates = 0;
        end = clustersAt;
        long at = end;
        while (true) {
            Optional<Element> found = cluster(at).filter(cluster -> !bad.contains(cluster.at()));
            if (found.isEmpty()) {
                // The one before may have lied about its end.
                if (!tail.isEmpty() && isFoundBad(tail.getLast())) {
                    return true;
                }
                found = nextWhole(at + 1);
            }
            if (found.isEmpty() || found.get().at() - end == 1) {
                return false;
            }
            good(found.get());
            at = end;
        }
    }

    private void good(Element cluster) throws IOException {
        if (cluster.at() > end) {
            gaps.add(new Gap(end, cluster.at()));
        }
        cue(cluster);
        tail.add(cluster);
        end = cluster.end();
        while (tail.size() > 1 && end - tail.getFirst().at() > TAIL_BYTES) {
            tail.remove();
        }
    }

    /// The cluster at `at`, if one is there as far as its header says.
    private Optional<Element> cluster(long at) throws IOException {
        if (!file.hasHeader(at) || file.u8(at) != ElementId.CLUSTER >>> 24) {
            return Optional.empty();
        }
        try {
            return Optional.of(file.element(at))
                    .filter(element -> element.id() == ElementId.CLUSTER
                            && !element.unknownSize()
                            && element.end() <= file.size());
        } catch (MalformedException e) {
            return Optional.empty();
        }
    }

    /// The next cluster from `from` on whose CRC-32 is there and right.
    private Optional<Element> nextWhole(long from) throws IOException {
        long at = from;
        while (at + ID_BYTES <= file.size()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), file.size() - at));
            int read = channel.read(buffer, at);
            if (read < ID_BYTES) {
                break;
            }
            for (int i = 0; i + ID_BYTES <= read; i++) {
                if (buffer.get(i) == 0x1F && buffer.getInt(i) == ElementId.CLUSTER) {
                    Optional<Element> candidate = cluster(at + i);
                    if (candidate.isPresent() && isWholeCandidate(candidate.get())) {
                        return candidate;
                    }
                }
            }
            at += read - ID_BYTES + 1;
        }
        return Optional.empty();
    }

    private boolean isWholeCandidate(Element cluster) throws IOException {
        return cluster.size() <= MAX_CANDIDATE_BYTES && candidates++ < MAX_CANDIDATES && isWhole(cluster);
    }

    private void cue(Element cluster) throws IOException {
        BlockCursor first = new BlockCursor(file, cluster.at(), cluster.end(), head.scaleNanos());
        try {
            if (!first.advance()) {
                return;
            }
        } catch (MalformedException e) {
            // A bad cluster amid good ones is no place to seek to, and no reason to lose the others.
            return;
        }
        long delay = 0;
        boolean video = false;
        for (TrackEntry entry : head.tracks()) {
            if (entry.number() == first.trackNumber()) {
                delay = head.delayTicks(entry);
                video = entry.video();
            }
        }
        long time = Math.max(0, first.ticks() - delay);
        long position = cluster.at() - head.segment().contentAt();
        if (video && first.keyframe()) {
            videoCues.add(time, first.trackNumber(), position);
        } else if (!video) {
            audioCues.add(time, first.trackNumber(), position);
        }
    }

    /// RFC 8794 11.3.1: a CRC-32 is the first child and covers all others. All of ours have one.
    private boolean isWhole(Element cluster) throws IOException {
        if (cluster.size() < CRC_32_ELEMENT_BYTES || file.u8(cluster.contentAt()) != ElementId.CRC_32) {
            return false;
        }
        long expected = Integer.toUnsignedLong(Integer.reverseBytes(
                file.bytes(cluster.contentAt() + 2, Integer.BYTES).i32(0)));
        CRC32 crc = new CRC32();
        ByteBuffer content = ByteBuffer.allocate((int) Math.min(CRC_BUFFER_BYTES, cluster.size()));
        long at = cluster.contentAt() + CRC_32_ELEMENT_BYTES;
        while (at < cluster.end()) {
            content.clear().limit((int) Math.min(content.capacity(), cluster.end() - at));
            int read = channel.read(content, at);
            if (read <= 0) {
                return false;
            }
            crc.update(content.flip());
            at += read;
        }
        return crc.getValue() == expected;
    }
}
