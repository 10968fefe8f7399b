package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Optional;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Summary;
import tapedeck.container.matroska.FileWindow.Element;

/// Finishes a file that a [MatroskaMuxer] left, whole or torn.
///
/// The order of its writes, each of which leaves a file that opens everywhere and can be finished again:
/// 1. an earlier attempt's SeekHead and Cues become Voids again (aligned 8-byte writes), the torn tail is cut off, and
///    bad bytes between good clusters become Voids;
/// 2. the content of SeekHead and Cues goes into the bodies of the Voids, where nobody reads it, or Cues to the end;
/// 3. to the disk;
/// 4. aligned 8-byte writes over the Voids' headers: Cues, SeekHead; then Duration;
/// 5. to the disk;
/// 6. the Segment's size, 8 aligned bytes. It says "finished": a file with a known size is left as it is.
final class MatroskaFinisher {
    private final FileChannel file;
    private final FileHead head;

    private MatroskaFinisher(FileChannel file, FileHead head) {
        this.file = file;
        this.head = head;
    }

    static Summary finish(FileChannel file) throws IOException {
        TracksMending.mend(file);
        FileHead head = FileHead.read(new FileWindow(file, 4096));
        if (head.segment().unknownSize() && head.clustersAt() >= file.size()) {
            throw new MalformedException("no cluster in %d bytes".formatted(file.size()));
        }
        if (!head.segment().unknownSize() || reserve(head).isEmpty()) {
            return probe(file);
        }
        return new MatroskaFinisher(file, head).finish(reserve(head).get());
    }

    /// What a file says of itself; where it says no duration, its blocks do.
    static Summary probe(FileChannel file) throws IOException {
        MatroskaReader reader = MatroskaReader.open(file);
        long durationNanos =
                reader.durationNanos().isPresent() ? reader.durationNanos().getAsLong() : reader.scanDurationNanos();
        return new Summary(durationNanos, reader.tracks());
    }

    /// The element that begins the room for Cues, if the file's head is laid out as [Head] does it: a file of others is
    /// not touched.
    private static Optional<Element> reserve(FileHead head) {
        long segmentAt = head.segment().contentAt();
        boolean ours = segmentAt % 8 == 0
                && head.segment().contentAt() - head.segment().at() == 12
                && head.info().at() == segmentAt + Head.SEEK_RESERVE_BYTES
                && head.durationAt() % 8 == 0
                && head.durationAt() > 0
                && head.scaleNanos() == Head.TIMESTAMP_SCALE_NANOS;
        return head.behindTracks()
                .filter(element -> ours
                        && element.at() % 8 == 0
                        && element.contentAt() - element.at() == Head.RESERVE_HEADER_BYTES
                        && (element.id() == ElementId.VOID || element.id() == ElementId.CUES));
    }

    private Summary finish(Element reserve) throws IOException {
        long cuesAt = reserve.at();
        long clustersAt = clustersAt(reserve);
        ClusterScan scan = new ClusterScan(file, head, clustersAt);
        long end = scan.run();
        long seekHeadAt = head.segment().contentAt();
        if (head.seekHeadFirst()) {
            write(Head.reserve(Head.SEEK_RESERVE_BYTES), seekHeadAt);
        }
        if (reserve.id() == ElementId.CUES) {
            write(Head.reserve(clustersAt - cuesAt), cuesAt);
        }
        if (end < file.size()) {
            file.truncate(end);
        }
        for (ClusterScan.Gap gap : scan.gaps()) {
            write(EbmlWriter.voidHeader(gap.to() - gap.from()), gap.from());
        }
        Bytes cues = scan.cues().content();
        boolean inFront = fits(cues, clustersAt - cuesAt);
        if (inFront) {
            prepare(cues, cuesAt, clustersAt - cuesAt);
        } else {
            write(new EbmlWriter().binary(ElementId.CUES, cues).toBytes(), end);
        }
        Bytes seekHead = seekHead(inFront ? cuesAt : end);
        prepare(seekHead, seekHeadAt, Head.SEEK_RESERVE_BYTES);
        long durationNanos = scan.durationNanos();
        file.force(false);
        if (inFront) {
            write(Head.masterHeader(ElementId.CUES, cues.length()), cuesAt);
        }
        write(Head.masterHeader(ElementId.SEEK_HEAD, seekHead.length()), seekHeadAt);
        double durationTicks = (double) durationNanos / head.scaleNanos();
        write(new ByteWriter(8).f64(durationTicks).toBytes(), head.durationAt());
        file.force(false);
        write(new EbmlWriter().size(file.size() - seekHeadAt, 8).toBytes(), seekHeadAt - 8);
        return new Summary(durationNanos, head.knownTracks());
    }

    /// Where the room for Cues ends: an earlier attempt may have left Cues and a Void in it.
    private long clustersAt(Element reserve) throws IOException {
        FileWindow window = new FileWindow(file, 64);
        if (reserve.id() == ElementId.CUES
                && window.hasHeader(reserve.end())
                && window.u8(reserve.end()) == ElementId.VOID) {
            return window.element(reserve.end()).end();
        }
        return reserve.end();
    }

    /// What is left over has to be no byte, or two and more: a Void has no room in one.
    private static boolean fits(Bytes content, long room) {
        long left = room - Head.RESERVE_HEADER_BYTES - content.length();
        return left == 0 || left >= 2;
    }

    /// Writes a master's content and the header of a Void over the rest behind the first eight bytes of a Void.
    private void prepare(Bytes content, long at, long room) throws IOException {
        long contentAt = at + Head.RESERVE_HEADER_BYTES;
        long left = room - Head.RESERVE_HEADER_BYTES - content.length();
        write(new EbmlWriter().raw(content).raw(EbmlWriter.voidHeader(left)).toBytes(), contentAt);
    }

    /// The content of a SeekHead, RFC 9559 5.1.1.
    private Bytes seekHead(long cuesAt) {
        EbmlWriter seeks = new EbmlWriter();
        seek(seeks, ElementId.INFO, head.info().at());
        seek(seeks, ElementId.TRACKS, head.tracksAt());
        seek(seeks, ElementId.CUES, cuesAt);
        Bytes children = seeks.toBytes();
        return new EbmlWriter().raw(EbmlWriter.crc32(children)).raw(children).toBytes();
    }

    private void seek(EbmlWriter out, int id, long at) {
        out.master(
                ElementId.SEEK,
                new EbmlWriter()
                        .binary(ElementId.SEEK_ID, new EbmlWriter().id(id).toBytes())
                        .uint64(ElementId.SEEK_POSITION, at - head.segment().contentAt()));
    }

    private void write(Bytes bytes, long at) throws IOException {
        ByteBuffer buffer = bytes.asByteBuffer();
        while (buffer.hasRemaining()) {
            file.write(buffer, at + buffer.position());
        }
    }
}
