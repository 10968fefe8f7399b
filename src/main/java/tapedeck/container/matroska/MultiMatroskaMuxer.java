package tapedeck.container.matroska;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemberTrack;
import tapedeck.container.MultiMuxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Writes a growing Matroska file that takes the tracks of many streams at any time: [TracksPlace]. Clusters are those
/// of [MatroskaMuxer], with the blocks of all tracks in the order of their time. What is in front of the moment from
/// which a track is shown is marked invisible, which not every player follows.
final class MultiMatroskaMuxer implements MultiMuxer {
    static final int MAX_TRACKS = FileHead.MAX_TRACKS;
    /// The track of notes.
    static final int NOTES_NUMBER = TrackEntry.MAX_NUMBER;

    private static final long TICK_NANOS = Head.TIMESTAMP_SCALE_NANOS;
    /// Each note is a WebVTT cue without a name and without settings.
    private static final Bytes CUE_HEAD = Bytes.ofUtf8("\n\n");

    private final Output output;
    private final MuxerOptions options;
    private final ClusterWriter cluster;
    private final Map<Integer, Member> members = new LinkedHashMap<>();
    private final List<Frame> pending = new ArrayList<>();
    private final List<Note> notes = new ArrayList<>();
    private final EbmlWriter entries = new EbmlWriter();
    private final EbmlWriter tags = new EbmlWriter();
    private TracksPlace place;
    private boolean joined;
    private boolean failed;
    private long durationNanos;
    /// 0 before the head is written.
    private int durationAt;

    /// A track of the file.
    private static final class Member {
        private final long shownFromNanos;
        private final long delayTicks;
        private final TrackEnd end;
        private Track current;

        Member(MemberTrack joined) {
            current = joined.track();
            shownFromNanos = joined.shownFromNanos();
            delayTicks = MatroskaMuxer.ticks(TrackEntry.delayNanos(current.codec()));
            end = new TrackEnd(current.codec());
        }
    }

    /// Something that is said at a time.
    private record Note(long nanos, Bytes json) {}

    MultiMatroskaMuxer(Output output, MuxerOptions options) {
        this.output = output;
        this.options = options;
        cluster = new ClusterWriter(options.clusters());
        place = new TracksPlace(0, options.reserveBytes());
        entries.master(ElementId.TRACK_ENTRY, TrackEntry.writeNotes(NOTES_NUMBER));
    }

    @Override
    public boolean join(MemberTrack member) {
        Track track = member.track();
        MatroskaMuxer.check(Doctype.MKV, track);
        if (members.containsKey(track.id()) || track.id() >= NOTES_NUMBER) {
            throw new IllegalArgumentException("MKV cannot have " + track);
        }
        EbmlWriter entry = new EbmlWriter()
                .master(
                        ElementId.TRACK_ENTRY,
                        TrackEntry.write(track, member.identity().streamName(), isFirst(track)));
        EbmlWriter tag = new EbmlWriter()
                .master(
                        ElementId.TAG,
                        MatroskaTags.ofTrack(track.id(), member.identity().mediaSessionId()));
        long bytes = (long) tags.length() + tag.length() + entries.length() + entry.length();
        // One more is that of the notes.
        if (members.size() >= MAX_TRACKS - 1 || !place.fits(bytes + 2L * Head.RESERVE_HEADER_BYTES)) {
            return false;
        }
        entries.raw(entry.toBytes());
        tags.raw(tag.toBytes());
        members.put(track.id(), new Member(member));
        joined = true;
        return true;
    }

    private boolean isFirst(Track track) {
        return members.values().stream().noneMatch(member -> member.current.isVideo() == track.isVideo());
    }

    @Override
    public boolean carries(Track track) {
        Member member = members.get(track.id());
        return member != null && goesOn(member, track);
    }

    @SuppressWarnings("ReferenceEquality") // the same instance comes with nearly every frame; its parts are long
    private boolean goesOn(Member member, Track track) {
        return member.current == track || options.sizeChange().goesOn(member.current, track);
    }

    @Override
    public void write(Frame frame) {
        Member member = members.get(frame.track().id());
        if (member == null || !goesOn(member, frame.track())) {
            throw new IllegalArgumentException("not a track of this file: " + frame.track());
        }
        pending.add(options.sizeChange().stored(frame));
        member.current = frame.track();
    }

    @Override
    public void note(long nanos, Bytes json) {
        notes.add(new Note(nanos, json));
    }

    @Override
    public void flush() throws IOException {
        if (failed) {
            throw new IOException("an append failed before: what is behind it would be lost");
        }
        if (pending.isEmpty() && (notes.isEmpty() || durationAt == 0)) {
            return;
        }
        failed = true;
        List<Bytes> parts = new ArrayList<>(2 * pending.size() + 8);
        clusters(parts);
        double durationMillis = (double) Math.max(TICK_NANOS, durationNanos) / TICK_NANOS;
        if (durationAt == 0) {
            begin(durationMillis, parts);
        } else {
            if (joined) {
                lay();
            }
            output.append(parts);
            output.patch(durationAt, new ByteWriter(8).f64(durationMillis).toBytes());
        }
        joined = false;
        failed = false;
    }

    private void begin(double durationMillis, List<Bytes> parts) throws IOException {
        Head head = Head.ofMany(options, durationMillis);
        place = new TracksPlace(head.bytes().length(), options.reserveBytes());
        TracksPlace.Laid first = place.first(tagsContent(), tracks());
        output.append(List.of(head.bytes(), first.bytes()));
        output.skip(place.clustersAt() - first.at() - first.bytes().length());
        output.append(parts);
        durationAt = head.durationAt();
    }

    private void lay() throws IOException {
        Bytes content = tagsContent();
        TracksPlace.Laid next = place.next(content, tracks());
        // What it goes over counts until the switch before is on disk.
        output.barrier();
        output.patch(next.at(), next.bytes());
        output.barrier();
        TracksPlace.Laid flip = place.flip(content);
        output.patch(flip.at(), flip.bytes());
    }

    private Bytes tagsContent() {
        return tags.toBytes();
    }

    private Bytes tracks() {
        return new EbmlWriter().checkedMaster(ElementId.TRACKS, entries).toBytes();
    }

    /// The order of decoding within a track, that of time between them.
    private void clusters(List<Bytes> parts) {
        pending.sort(Comparator.comparingLong(Frame::dtsNanos));
        notes.sort(Comparator.comparingLong(Note::nanos));
        int said = 0;
        for (Frame frame : pending) {
            while (said < notes.size() && notes.get(said).nanos() <= frame.dtsNanos()) {
                add(notes.get(said++), parts);
            }
            add(frame, parts);
        }
        while (said < notes.size()) {
            add(notes.get(said++), parts);
        }
        cluster.finish(parts);
        pending.clear();
        notes.clear();
    }

    private void add(Note note, List<Bytes> parts) {
        Bytes cue = new EbmlWriter().raw(CUE_HEAD).raw(note.json()).toBytes();
        long time = ticksOf(note.nanos());
        if (!cluster.takes(time, cue.length())) {
            cluster.finish(parts);
        }
        cluster.add(NOTES_NUMBER, time, true, cue);
    }

    private void add(Frame frame, List<Bytes> parts) {
        Track track = frame.track();
        Member member = members.get(track.id());
        if (member == null) {
            throw new IllegalStateException("no member " + track);
        }
        long ptsTicks = ticksOf(frame.ptsNanos());
        long time = ptsTicks + member.delayTicks;
        boolean entryPoint = track.isVideo() && frame.keyframe();
        if (entryPoint && !cluster.isEmpty()
                || !cluster.takes(time, frame.data().length())) {
            cluster.finish(parts);
        }
        if (frame.ptsNanos() < member.shownFromNanos) {
            cluster.addHidden(track.id(), time, frame.keyframe(), frame.data());
        } else {
            cluster.add(track.id(), time, frame.keyframe(), frame.data());
        }
        member.end.add(ptsTicks * TICK_NANOS, frame.data(), frame.data().length());
        durationNanos = Math.max(durationNanos, member.end.endNanos());
    }

    /// What comes from before the file's start is put at its start.
    private static long ticksOf(long nanos) {
        return Math.max(0, MatroskaMuxer.ticks(nanos));
    }

    @Override
    public void close() throws IOException {
        if (!failed) {
            flush();
        }
    }
}
