package tapedeck.container.mp4;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemberTrack;
import tapedeck.container.MultiMuxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.SizeChange;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Writes state R of [Layout]: each flush is one fragment, `moof` `mdat` and a checksum, and leaves in one append.
///
/// After an [IOException] it writes nothing more: the file ends with the last whole fragment, and [Mp4Finisher]
/// cuts off what may be behind it. A frame that would be presented before time 0 (which only happens to a track
/// that is missing in the first flush and comes with older stamps) is left out: MP4 has no negative time.
///
/// A file of many streams ([#many]) takes tracks at any time: a `moov` that names them too is laid beside the one
/// before in the reserve ([MoovPlace]), and one aligned write of eight bytes makes it the one that counts. Each track
/// has a time of its own that begins with it, and an edit list that says where that is.
final class Mp4Muxer implements MultiMuxer {
    /// What a fragment holds at most before it leaves without being asked: bounds memory and the 32-bit fields.
    static final int MAX_FRAGMENT_BYTES = 256 << 20;

    static final int MAX_FRAGMENT_FRAMES = 1 << 16;
    static final int MAX_TRACKS = 1024;

    private final Output output;
    private final InitMovie movie;
    private final int reserveBytes;
    private final SizeChange sizeChange;
    private final List<TrackFragment> tracks = new ArrayList<>();
    /// What each of them is now, which is what it was at the start but for its pictures' size.
    private final List<Track> current = new ArrayList<>();
    private final Map<Integer, Integer> indexById = new HashMap<>();

    /// Whether tracks may join.
    private final boolean many;
    /// What happens in it, in a file of many streams.
    private final NoteFragment notes = new NoteFragment();
    /// Those that no `moov` names yet, by id.
    private final Map<Integer, MemberTrack> joining = new HashMap<>();

    private final CRC32C crc = new CRC32C();

    private boolean headWritten;
    private boolean movieChanged;
    private boolean failed;
    private long zeroNanos;
    private long durationTicks;
    private long durationPosition;
    private long moovAt;
    private int moovBytes;
    private int sequenceNumber;
    private long fragmentBytes;
    private int fragmentFrames;
    private long leftOutFrames;

    Mp4Muxer(Output output, List<Track> tracks, MuxerOptions options) {
        this(output, tracks, options, false);
        if (tracks.isEmpty() || tracks.size() > MAX_TRACKS) {
            throw new IllegalArgumentException("MP4 with %d tracks".formatted(tracks.size()));
        }
    }

    private Mp4Muxer(Output output, List<Track> tracks, MuxerOptions options, boolean many) {
        this.many = many;
        this.output = output;
        sizeChange = options.sizeChange();
        movie = new InitMovie(tracks, options, many);
        reserveBytes = Layout.reserve(options.reserveBytes());
        tracks.forEach(this::add);
    }

    /// A file without tracks that takes those of many streams, whose frames have the times of the file.
    static Mp4Muxer many(Output output, MuxerOptions options) {
        return new Mp4Muxer(output, List.of(), options, true);
    }

    private void add(Track track) {
        if (track.id() < 1
                || !SampleEntryWriter.canWrite(track.codec())
                || indexById.putIfAbsent(track.id(), tracks.size()) != null) {
            throw new IllegalArgumentException("MP4 cannot have " + track);
        }
        tracks.add(new TrackFragment(track, true));
        current.add(track);
    }

    @Override
    public boolean join(MemberTrack member) {
        // One more is that of the notes.
        if (!many || tracks.size() >= MAX_TRACKS - 1) {
            return false;
        }
        long bytes = headWritten ? moovBytes : movie.bytes();
        bytes += movie.bytesOf(member);
        for (MemberTrack other : joining.values()) {
            bytes += movie.bytesOf(other);
        }
        if (place(bytes) == MoovPlace.NOWHERE) {
            return false;
        }
        add(member.track());
        joining.put(member.track().id(), member);
        return true;
    }

    private long place(long bytes) {
        return headWritten
                ? MoovPlace.next(moovAt, moovAt + moovBytes, reserveBytes, bytes)
                : MoovPlace.first(reserveBytes, bytes);
    }

    @Override
    public boolean carries(Track track) {
        return find(track) >= 0;
    }

    @SuppressWarnings("ReferenceEquality") // the same instance comes with nearly every frame; its parts are long
    private int find(Track track) {
        Integer index = indexById.get(track.id());
        if (index == null) {
            return -1;
        }
        Track known = current.get(index);
        return known == track || sizeChange.goesOn(known, track) ? index : -1;
    }

    @Override
    public void write(Frame given) throws IOException {
        int index = find(given.track());
        if (index < 0) {
            throw new IllegalArgumentException("not a track of this file: " + given.track());
        }
        Frame frame = sizeChange.stored(given);
        int size = frame.data().length();
        if (fragmentFrames > 0
                && (fragmentBytes + size > MAX_FRAGMENT_BYTES || fragmentFrames == MAX_FRAGMENT_FRAMES)) {
            flush();
        }
        goOn(index, frame.track());
        tracks.get(index).add(frame);
        fragmentBytes += size;
        fragmentFrames++;
    }

    @SuppressWarnings("ReferenceEquality") // as in find
    private void goOn(int index, Track track) {
        Track before = current.get(index);
        if (before != track) {
            movieChanged |= !before.equals(track) && movie.goesOn(track);
            current.set(index, track);
        }
    }

    @Override
    public void flush() throws IOException {
        if (failed) {
            throw new IOException("an append failed before: what is behind it would be lost");
        }
        if (!headWritten && fragmentFrames > 0 && !many) {
            zeroNanos = earliestNanos();
        }
        for (TrackFragment track : tracks) {
            leftOutFrames += many ? 0 : track.leaveOutBefore(zeroNanos);
        }
        List<TrackFragment> written =
                tracks.stream().filter(track -> !track.frames().isEmpty()).toList();
        fragmentBytes = 0;
        fragmentFrames = 0;
        if (written.isEmpty() && (notes.isEmpty() || !headWritten)) {
            return;
        }
        boolean newcomers = takeNewcomers(written);
        List<Bytes> parts = new ArrayList<>();
        fragment(written, parts);
        failed = true;
        if (newcomers && headWritten) {
            // With the duration of what is there so far.
            lay();
        }
        long duration = endTicks(written);
        boolean longer = duration > durationTicks;
        durationTicks = duration;
        written.forEach(TrackFragment::clear);
        notes.clear();
        if (headWritten) {
            output.append(parts);
            if (movieChanged) {
                // As long as the one before, and true with any of its numbers: a crash in the middle does no harm.
                output.patch(moovAt, movie.write(durationTicks));
            } else if (longer) {
                output.patch(
                        durationPosition, new ByteWriter(8).u64(durationTicks).toBytes());
            }
        } else {
            appendHead(parts);
        }
        movieChanged = false;
        failed = false;
    }

    private long endTicks(List<TrackFragment> written) {
        long end = durationTicks;
        for (TrackFragment track : written) {
            end = Math.max(end, track.endMovieTicks());
        }
        return end;
    }

    @Override
    public void note(long nanos, Bytes json) {
        notes.add(nanos, json);
    }

    /// Puts those into the movie whose first frames are written now. False if there are none.
    private boolean takeNewcomers(List<TrackFragment> written) {
        boolean any = false;
        for (TrackFragment track : written) {
            MemberTrack member = joining.remove(track.track().id());
            if (member != null) {
                any = true;
                track.beginAt(track.earliestNanos());
                movie.add(member, track.shiftNanos());
            }
        }
        return any;
    }

    /// A new `moov` in the reserve, which all the bytes around it still say is free; then the one write that shows it.
    private void lay() throws IOException {
        Bytes moov = movie.write(durationTicks);
        long at = place(moov.length());
        if (at == MoovPlace.NOWHERE) {
            throw new IOException("no room for a moov of %d bytes".formatted(moov.length()));
        }
        BoxWriter out = new BoxWriter(Layout.RESERVE_TAIL_BYTES + moov.length() + BoxWriter.HEADER_BYTES);
        Layout.reserveTail(out).bytes(moov).bytes(Layout.header("free", reserveBytes - at - moov.length()));
        output.patch(at - Layout.RESERVE_TAIL_BYTES, out.toBytes());
        output.barrier();
        output.patch(Layout.FLIP_AT, Layout.header("free", at - Layout.FLIP_AT));
        stands(at, moov);
        movieChanged = false;
    }

    private void stands(long at, Bytes moov) {
        moovAt = at;
        moovBytes = moov.length();
        durationPosition = at + movie.durationAt();
    }

    private long earliestNanos() {
        return tracks.stream().mapToLong(TrackFragment::earliestNanos).min().orElse(0);
    }

    /// Two appends, because between them is the hole.
    private void appendHead(List<Bytes> fragment) throws IOException {
        headWritten = true;
        Bytes moov = movie.write(durationTicks);
        long at = many ? MoovPlace.first(reserveBytes, moov.length()) : reserveBytes;
        if (at == MoovPlace.NOWHERE) {
            throw new IOException("no room for a moov of %d bytes".formatted(moov.length()));
        }
        output.append(List.of(Layout.head(at)));
        output.skip(at - Layout.BODY_AT - Layout.RESERVE_TAIL_BYTES);
        stands(at, moov);
        List<Bytes> parts = new ArrayList<>();
        parts.add(Layout.reserveTail(new BoxWriter(Layout.RESERVE_TAIL_BYTES)).toBytes());
        parts.add(moov);
        if (many) {
            parts.add(Layout.free((int) (reserveBytes - at - moov.length())));
        }
        parts.addAll(fragment);
        output.append(parts);
    }

    /// `moof` (8.8.4), the header of `mdat`, the frames' own bytes, and the checksum.
    private void fragment(List<TrackFragment> written, List<Bytes> parts) {
        BoxWriter out = new BoxWriter(4096);
        int[] dataOffsetAt = new int[written.size()];
        int[] notesOffsetAt = new int[1];
        sequenceNumber++;
        out.box("moof", moof -> {
            moof.fullBox("mfhd", 0, 0, b -> b.u32(sequenceNumber));
            for (int i = 0; i < dataOffsetAt.length; i++) {
                dataOffsetAt[i] = written.get(i).write(moof, zeroNanos);
            }
            if (!notes.isEmpty()) {
                notesOffsetAt[0] = notes.write(moof, endTicks(written));
            }
        });
        long dataOffset = (long) out.length() + BoxWriter.HEADER_BYTES;
        for (int i = 0; i < dataOffsetAt.length; i++) {
            out.patch32(dataOffsetAt[i], dataOffset);
            dataOffset += written.get(i).sizeBytes();
        }
        if (!notes.isEmpty()) {
            out.patch32(notesOffsetAt[0], dataOffset);
            dataOffset += notes.sizeBytes();
        }
        out.u32(dataOffset - out.length()).ascii("mdat");
        parts.add(out.toBytes());
        written.forEach(track -> track.appendTo(parts));
        notes.appendTo(parts);
        crc.reset();
        for (Bytes part : parts) {
            part.update(crc);
        }
        parts.add(Layout.crcBox((int) crc.getValue()));
    }

    @Override
    public long leftOutFrames() {
        return leftOutFrames;
    }

    @Override
    public void close() throws IOException {
        if (!failed) {
            flush();
        }
    }
}
