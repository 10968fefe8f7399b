package tapedeck.container.matroska;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tapedeck.bytes.MalformedException;
import tapedeck.container.matroska.EbmlReader.Child;
import tapedeck.container.matroska.FileWindow.Element;
import tapedeck.media.Track;

/// What a file says in front of its first cluster.
///
/// @param info where Info stands
/// @param durationAt where Duration's value stands if it has eight bytes, else 0
/// @param durationTicks empty if the file does not say it
/// @param tracksAt where Tracks stands
/// @param clustersAt the position of the first cluster; where there is none, the end of file or Segment
/// @param seekHeadFirst whether the Segment begins with a SeekHead
/// @param createdAt when the file says that it was made
/// @param sessions of the tracks, by their UID, where the file says them
/// @param behindTracks the first element behind Tracks that stands at a multiple of 8 as [Head] aligns it
record FileHead(
        Element segment,
        Element info,
        long durationAt,
        Optional<Double> durationTicks,
        long scaleNanos,
        List<TrackEntry> tracks,
        long tracksAt,
        long clustersAt,
        boolean seekHeadFirst,
        Instant createdAt,
        Map<Long, String> sessions,
        Optional<Element> behindTracks) {
    static final int MAX_TRACKS = 1024;
    /// Info or Tracks: room for large codec data.
    static final int MAX_MASTER_BYTES = 1 << 24;
    /// Children of the Segment before the first cluster: Tags, Attachments, Chapters and Voids in between.
    static final int MAX_TOP_LEVEL_ELEMENTS = 1024;

    private static final int MAX_EBML_HEADER_BYTES = 4096;
    private static final long MAX_SCALE_NANOS = 1_000_000_000;

    static FileHead read(FileWindow file) throws IOException {
        return new Parser(file).parse();
    }

    /// The tracks whose codec this server knows.
    List<Track> knownTracks() {
        List<Track> known = new ArrayList<>();
        for (TrackEntry entry : tracks) {
            entry.codec().ifPresent(codec -> known.add(new Track(entry.number(), codec)));
        }
        return List.copyOf(known);
    }

    /// Goes over all blocks.
    BlockCursor blocks(FileWindow file) {
        long end = segment.unknownSize() ? file.size() : Math.min(file.size(), segment.end());
        return new BlockCursor(file, clustersAt, end, scaleNanos);
    }

    /// What readers subtract from the timestamps of a track's blocks: CodecDelay, rounded to ticks.
    long delayTicks(TrackEntry entry) {
        return (entry.codecDelayNanos() + scaleNanos / 2) / scaleNanos;
    }

    private static final class Parser {
        private final FileWindow file;
        private Optional<Element> info = Optional.empty();
        private Optional<Element> tracksElement = Optional.empty();
        private Optional<Element> behindTracks = Optional.empty();
        private Optional<Double> durationTicks = Optional.empty();
        private long durationAt;
        private Instant createdAt = Head.EBML_EPOCH;
        private long scaleNanos = Head.TIMESTAMP_SCALE_NANOS;
        private final List<TrackEntry> tracks = new ArrayList<>();
        private final Map<Long, String> sessions = new HashMap<>();

        private Parser(FileWindow file) {
            this.file = file;
        }

        private FileHead parse() throws IOException {
            Element segment = segment();
            long end = segment.unknownSize() ? file.size() : Math.min(file.size(), segment.end());
            long at = segment.contentAt();
            long clustersAt = end;
            boolean seekHeadFirst = false;
            for (int count = 0; at < end && file.hasHeader(at); count++) {
                if (info.isPresent() && tracksElement.isPresent() && !isElement(at)) {
                    // Bad bytes where a cluster should be: what is known is enough, reading on is not our affair.
                    clustersAt = at;
                    break;
                }
                Element element = file.element(at);
                if (element.id() == ElementId.CLUSTER) {
                    clustersAt = at;
                    break;
                }
                if (count == MAX_TOP_LEVEL_ELEMENTS) {
                    throw new MalformedException("more than %d elements before the first cluster".formatted(count));
                }
                if (element.unknownSize()) {
                    throw new MalformedException("%s has no size".formatted(element));
                }
                seekHeadFirst |= count == 0 && element.id() == ElementId.SEEK_HEAD;
                top(element);
                at = element.end();
            }
            Element infoElement = info.orElseThrow(() -> new MalformedException("no Info before the first cluster"));
            long tracksAt = tracksElement
                    .orElseThrow(() -> new MalformedException("no Tracks before the first cluster"))
                    .at();
            return new FileHead(
                    segment,
                    infoElement,
                    durationAt,
                    durationTicks,
                    scaleNanos,
                    List.copyOf(tracks),
                    tracksAt,
                    clustersAt,
                    seekHeadFirst,
                    createdAt,
                    Map.copyOf(sessions),
                    behindTracks);
        }

        private boolean isElement(long at) throws IOException {
            try {
                Element element = file.element(at);
                return element.id() == ElementId.CLUSTER || !element.unknownSize();
            } catch (MalformedException e) {
                return false;
            }
        }

        /// Reads the EBML header and finds the Segment behind it: RFC 8794 8.1.
        private Element segment() throws IOException {
            if (!file.hasHeader(0)) {
                throw new MalformedException("no EBML header in %d bytes".formatted(file.size()));
            }
            Element ebml = file.element(0);
            if (ebml.id() != ElementId.EBML || ebml.unknownSize() || ebml.size() > MAX_EBML_HEADER_BYTES) {
                throw new MalformedException("no EBML header but %s of %d bytes".formatted(ebml, ebml.size()));
            }
            String docType = "";
            for (Child child : EbmlReader.children(file.bytes(ebml.contentAt(), (int) ebml.size()))) {
                if (child.id() == ElementId.DOC_TYPE) {
                    docType = child.text();
                }
            }
            if (!docType.equals(Doctype.WEBM.text()) && !docType.equals(Doctype.MKV.text())) {
                throw new MalformedException("DocType is neither webm nor matroska");
            }
            long at = ebml.end();
            while (file.hasHeader(at)) {
                Element element = file.element(at);
                if (element.id() == ElementId.SEGMENT) {
                    return element;
                }
                if (element.id() != ElementId.VOID || element.unknownSize()) {
                    break;
                }
                at = element.end();
            }
            throw new MalformedException("no Segment behind the EBML header");
        }

        private void top(Element element) throws IOException {
            if (tracksElement.isPresent()
                    && behindTracks.isEmpty()
                    && element.at()
                            == tracksElement.get().end()
                                    + Head.padding(tracksElement.get().end())) {
                behindTracks = Optional.of(element);
            }
            if (element.id() == ElementId.INFO && info.isEmpty()) {
                info = Optional.of(element);
                info(element);
            } else if (element.id() == ElementId.TAGS && element.size() <= MAX_MASTER_BYTES) {
                tags(element);
            } else if (element.id() == ElementId.TRACKS && tracksElement.isEmpty()) {
                tracksElement = Optional.of(element);
                for (Child child : children(element)) {
                    if (child.id() == ElementId.TRACK_ENTRY) {
                        tracks.add(TrackEntry.parse(child.children()));
                    }
                }
                if (tracks.size() > MAX_TRACKS) {
                    throw new MalformedException("%d tracks".formatted(tracks.size()));
                }
            }
        }

        /// What tags say is for people: where they are broken, the file is none the worse.
        private void tags(Element element) throws IOException {
            try {
                sessions.putAll(MatroskaTags.sessions(children(element)));
            } catch (MalformedException _) {
                sessions.clear();
            }
        }

        private void info(Element element) throws IOException {
            List<Child> children = children(element);
            for (Child child : children) {
                if (child.id() == ElementId.TIMESTAMP_SCALE) {
                    scaleNanos = child.uint();
                    if (scaleNanos <= 0 || scaleNanos > MAX_SCALE_NANOS) {
                        throw new MalformedException("TimestampScale of %d".formatted(scaleNanos));
                    }
                } else if (child.id() == ElementId.DATE_UTC) {
                    createdAt = Head.EBML_EPOCH.plusNanos(child.uint());
                } else if (child.id() == ElementId.DURATION) {
                    double ticks = child.real();
                    durationTicks = ticks > 0 && ticks < Long.MAX_VALUE / 1e9 ? Optional.of(ticks) : Optional.empty();
                    durationAt = durationAt(element);
                }
            }
        }

        /// Where the value of a Duration that is Info's first child and has eight bytes stands, else 0.
        private long durationAt(Element info) throws IOException {
            Element first = file.element(info.contentAt());
            return first.id() == ElementId.DURATION && first.size() == Double.BYTES ? first.contentAt() : 0;
        }

        private List<Child> children(Element element) throws IOException {
            if (element.size() > MAX_MASTER_BYTES) {
                throw new MalformedException("%s has %d bytes".formatted(element, element.size()));
            }
            return EbmlReader.children(file.bytes(element.contentAt(), (int) element.size()));
        }
    }
}
