package tapedeck.container.ts;

import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.ts.ProgramTables.ProgramMap;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// A transport stream, in pieces of any size, becomes the frames of one program: of several it is the first whose map
/// names a stream that is read here. Bad packets are counted and left out, and no frame is made of what has a hole.
/// Time 0 is the first stamp that was seen.
public final class TsDemuxer {
    /// Streams that are read of one program; further ones are not.
    public static final int MAX_LINES = 16;
    /// Streams that are not read are named, up to so many.
    static final int MAX_REFUSED = 256;
    /// A hole is not counted as more frames than this.
    static final int MAX_MISSED = 1_000;

    /// What may wait of all streams of one that is live: more than the largest keyframe, its packets and what they are
    /// cut from.
    static final int MAX_WAITING_BYTES = 32 << 20;

    /// What a stream turns out to hold.
    public interface Sink {
        void frame(Frame frame);

        /// The name of the program in the SDT, each time it is said.
        default void serviceName(String name) {}

        /// A stream that is not read, once for each.
        default void unsupported(String codec) {}

        /// So many frames are missing in front of the next one, as far as the stamps tell.
        default void missed(long frames) {}

        /// The map says anew which streams there are: [TsDemuxer#hasVideo] and [TsDemuxer#hasAudio].
        ///
        /// @param number of the program
        /// @param programs how many there are
        default void program(int number, int programs) {}
    }

    private final Sink sink;
    private final TsClock clock;
    /// Whether only the first picture and the first sound that come are read.
    private final boolean live;
    private final PacketSplitter splitter = new PacketSplitter(this::packet);
    private final SectionAssembler pat = new SectionAssembler(this::pat);
    private final SectionAssembler sdt = new SectionAssembler(this::sdt);
    private final SectionAssembler tdt = new SectionAssembler(this::tdt);
    private SequencedMap<Integer, Integer> programs = new LinkedHashMap<>();
    private Map<Integer, SectionAssembler> maps = Map.of();
    private SequencedMap<Integer, String> serviceNames = new LinkedHashMap<>();
    private Bytes patSection = Bytes.EMPTY;
    private @Nullable ProgramMap program;
    private Bytes programSection = Bytes.EMPTY;
    private Map<Integer, Line> lines = Map.of();
    private @Nullable Line recent;
    private final Set<StreamEntry> refused = new HashSet<>();
    private final Map<Integer, Integer> sectionCounters = new HashMap<>();
    private long packets;
    private long badPackets;
    private @Nullable Instant firstTime;
    private @Nullable Instant lastTime;

    /// One elementary stream.
    private static final class Line {
        private final StreamEntry entry;
        private final ElementaryReader reader;
        private final int id;
        private final PesAssembler assembler;
        private final TsClock.Line clock = new TsClock.Line();
        private @Nullable Track track;
        private long damaged;
        private boolean hole;
        /// Another one of its kind is read.
        private boolean idle;
        private long lastDtsNanos = Long.MIN_VALUE;
        private long stepNanos;

        Line(StreamEntry entry, ElementaryReader reader, int id) {
            this.entry = entry;
            this.reader = reader;
            this.id = id;
            assembler = new PesAssembler(reader.isVideo() ? PesAssembler.MAX_PES_BYTES : PesAssembler.MAX_SOUND_BYTES);
        }

        boolean isLike(Line other) {
            return reader.isVideo() == other.reader.isVideo();
        }
    }

    private TsDemuxer(Sink sink, TsClock clock, boolean live) {
        this.sink = sink;
        this.clock = clock;
        this.live = live;
    }

    /// Of a file: jumps of its clock are jumps in time.
    public TsDemuxer(Sink sink) {
        this(sink, new TsClock(TsClock.Jumps.KEPT), false);
    }

    /// Of a stream that is live: a clock that is set anew goes on where it was. One picture and one sound are read:
    /// those that come first.
    public static TsDemuxer live(Sink sink) {
        return new TsDemuxer(sink, new TsClock(TsClock.Jumps.MENDED), true);
    }

    /// Goes on in the middle of a file.
    ///
    /// @param zeroTicks the stamp of its time 0
    /// @param nearTicks about where this is, within 13 hours
    TsDemuxer(Sink sink, long zeroTicks, long nearTicks) {
        this(sink, new TsClock(zeroTicks, nearTicks), false);
    }

    /// @param bytes lent: what is kept of them is copied
    /// @throws MalformedException if more waits than may, of one that is live
    public void receive(Bytes bytes) {
        splitter.receive(bytes);
        if (live && waitingBytes() > MAX_WAITING_BYTES) {
            throw new MalformedException("MPEG-TS: more than %d bytes that are not whole".formatted(MAX_WAITING_BYTES));
        }
    }

    /// What is kept of what came, until more comes.
    public long waitingBytes() {
        long bytes = 0;
        for (Line line : lines.values()) {
            bytes += line.assembler.waitingBytes() + line.reader.waitingBytes();
        }
        return bytes;
    }

    /// The stream is over: what was incomplete for want of a successor comes out.
    public void end() {
        splitter.end();
        lines.values().forEach(this::end);
    }

    /// The next bytes begin anew, as the segments of a playlist do: what waited comes out, and counters may begin
    /// anywhere.
    public void restart() {
        end();
        splitter.restart();
        sectionCounters.clear();
        lines.values().forEach(line -> line.assembler.restart());
    }

    /// What comes next has another clock.
    public void discontinuity() {
        clock.discontinuity();
    }

    private void end(Line line) {
        if (line.idle) {
            return;
        }
        try {
            PesAssembler.Pes last = line.assembler.end();
            if (last != null) {
                pes(line, last);
            }
            line.reader.end((codec, ptsTicks, dtsTicks, laterNanos, keyframe, data) ->
                    frame(line, codec, ptsTicks, dtsTicks, laterNanos, keyframe, data));
        } catch (MalformedException _) {
            badPackets++;
        }
    }

    /// Whole packets that came.
    public long packets() {
        return packets;
    }

    /// Bytes between packets that were none.
    public long skippedBytes() {
        return splitter.skippedBytes();
    }

    /// Packets, sections and PES packets that were left out so far, and holes in the counters.
    public long damaged() {
        long damaged = badPackets;
        for (Line line : lines.values()) {
            damaged += line.assembler.damaged();
        }
        return damaged;
    }

    /// Whether a map applies, and what it names is read here.
    public boolean hasVideo() {
        return lines.values().stream().anyMatch(line -> line.reader.isVideo());
    }

    public boolean hasAudio() {
        return lines.values().stream().anyMatch(line -> !line.reader.isVideo());
    }

    /// How many streams the program has that are read.
    int streams() {
        return lines.size();
    }

    long zeroTicks() {
        return clock.zeroTicks();
    }

    /// What the first TDT said.
    @Nullable
    Instant firstTime() {
        return firstTime;
    }

    @Nullable
    Instant lastTime() {
        return lastTime;
    }

    private void packet(Bytes bytes, int at) {
        packets++;
        try {
            Line middle = line(bytes.u16(at + 1) & TsPacket.NULL_PID);
            if (middle != null && !middle.idle && middle.assembler.append(bytes, at)) {
                return;
            }
            TsPacket packet = TsPacket.parse(bytes.slice(at, at + TsPacket.BYTES));
            if (packet.transportError()) {
                badPackets++;
                return;
            }
            if (packet.discontinuity() && program != null && packet.pid() == program.pcrPid()) {
                clock.discontinuity();
            }
            Line line = line(packet.pid());
            if (line != null) {
                media(line, packet);
            } else {
                section(packet);
            }
        } catch (MalformedException _) {
            badPackets++;
        }
    }

    /// Nearly always that of the packet before.
    private @Nullable Line line(int pid) {
        Line last = recent;
        if (last == null || last.entry.pid() != pid) {
            last = lines.get(pid);
            recent = last;
        }
        return last;
    }

    private void media(Line line, TsPacket packet) {
        if (line.idle) {
            return;
        }
        line.assembler.receive(packet, whole -> {
            heedDamage(line);
            pes(line, whole);
        });
        heedDamage(line);
    }

    /// No frame is made of what came before a hole and what comes behind it.
    private static void heedDamage(Line line) {
        long damaged = line.assembler.damaged();
        if (damaged > line.damaged) {
            line.damaged = damaged;
            line.hole = true;
            line.reader.lost();
        }
    }

    private void section(TsPacket packet) {
        SectionAssembler assembler = switch (packet.pid()) {
            case TableWriter.PAT_PID -> pat;
            case TableWriter.SDT_PID -> sdt;
            case TableWriter.TDT_PID -> tdt;
            default -> maps.get(packet.pid());
        };
        if (assembler == null || !packet.hasPayload()) {
            return;
        }
        Integer last = sectionCounters.put(packet.pid(), packet.counter());
        if (last != null && packet.counter() == last) {
            return;
        }
        if (last != null && packet.counter() != (last + 1 & 0xF)) {
            assembler.lost();
        }
        assembler.receive(packet);
    }

    /// Said again several times a second, mostly.
    private void pat(Bytes section) {
        if (section.equals(patSection)) {
            return;
        }
        patSection = section;
        SequencedMap<Integer, Integer> said = ProgramTables.programs(section);
        if (said == null || said.equals(programs)) {
            return;
        }
        programs = said;
        Map<Integer, SectionAssembler> next = new HashMap<>();
        for (int pid : said.values()) {
            SectionAssembler known = maps.get(pid);
            next.put(pid, known == null ? new SectionAssembler(this::pmt) : known);
        }
        sectionCounters.keySet().removeIf(pid -> maps.containsKey(pid) && !next.containsKey(pid));
        maps = next;
        if (program != null && !said.containsKey(program.program())) {
            program = null;
        }
    }

    /// A new map: streams that are in both go on, the others end.
    private void pmt(Bytes section) {
        if (program != null && section.equals(programSection)) {
            return;
        }
        ProgramMap map = ProgramTables.map(section);
        if (map == null || map.equals(program) || !programs.containsKey(map.program())) {
            return;
        }
        if (program != null && program.program() != map.program()) {
            return;
        }
        boolean readable = map.streams().stream().anyMatch(entry -> ElementaryReader.of(entry) != null);
        if (program == null && !readable && programs.size() > 1) {
            // The map of another one may name something.
            return;
        }
        boolean other = program == null;
        program = map;
        programSection = section;
        follow(map);
        sink.program(map.program(), programs.size());
        if (other && !serviceNames.isEmpty()) {
            sayName();
        }
    }

    private void follow(ProgramMap map) {
        Map<Integer, Line> next = new LinkedHashMap<>();
        Set<Integer> ids = new HashSet<>();
        for (StreamEntry entry : map.streams()) {
            Line known = lines.get(entry.pid());
            if (known != null && known.entry.equals(entry)) {
                next.put(entry.pid(), known);
                ids.add(known.id);
            }
        }
        for (Line line : lines.values()) {
            if (!next.containsValue(line)) {
                end(line);
            }
        }
        for (StreamEntry entry : map.streams()) {
            ElementaryReader reader = next.size() < MAX_LINES ? ElementaryReader.of(entry) : null;
            if (next.containsKey(entry.pid())) {
                continue;
            }
            if (reader != null) {
                next.put(entry.pid(), new Line(entry, reader, freeId(reader.isVideo(), ids)));
            } else if (refused.size() < MAX_REFUSED && refused.add(entry)) {
                sink.unsupported(ElementaryReader.name(entry));
            }
        }
        lines = next;
        recent = null;
        // Where the one that was read has gone, another one may come.
        for (Line line : next.values()) {
            line.idle = live
                    && line.track == null
                    && next.values().stream().anyMatch(other -> other.track != null && line.isLike(other));
        }
    }

    /// A stream has one picture and one sound; nothing is gathered of others.
    private void chosen(Line chosen) {
        for (Line line : lines.values()) {
            if (line != chosen && line.isLike(chosen)) {
                line.idle = true;
                line.assembler.restart();
                line.reader.end((_, _, _, _, _, _) -> {});
            }
        }
    }

    private static int freeId(boolean video, Set<Integer> ids) {
        int id = video ? Track.VIDEO : Track.AUDIO;
        for (int further = Track.AUDIO + 1; !ids.add(id); further++) {
            id = further;
        }
        return id;
    }

    private void sdt(Bytes section) {
        SequencedMap<Integer, String> names = ProgramTables.serviceNames(section);
        if (!names.isEmpty()) {
            serviceNames = names;
            sayName();
        }
    }

    /// Of the program that is read; while there is none, and where its number is none of a service, of the only one.
    private void sayName() {
        String name = program == null ? null : serviceNames.get(program.program());
        if (name == null && serviceNames.size() == 1) {
            name = serviceNames.firstEntry().getValue();
        }
        if (name != null) {
            sink.serviceName(name);
        }
    }

    private void tdt(Bytes section) {
        Instant time = ProgramTables.time(section);
        if (time != null) {
            firstTime = firstTime == null ? time : firstTime;
            lastTime = time;
        }
    }

    private void pes(Line line, PesAssembler.Pes pes) {
        if (line.reader.refused() != null) {
            return;
        }
        try {
            line.reader.receive(
                    pes,
                    (codec, ptsTicks, dtsTicks, laterNanos, keyframe, data) ->
                            frame(line, codec, ptsTicks, dtsTicks, laterNanos, keyframe, data));
        } finally {
            String name = line.reader.refused();
            if (name != null && refused.size() < MAX_REFUSED && refused.add(line.entry)) {
                sink.unsupported(name);
            }
        }
    }

    private void frame(
            Line line, Codec codec, long ptsTicks, long dtsTicks, long laterNanos, boolean keyframe, Bytes data) {
        Track track = line.track;
        if (track == null && live) {
            chosen(line);
        }
        if (track == null || !track.codec().equals(codec)) {
            track = new Track(line.id, codec);
            line.track = track;
        }
        long dtsNanos = clock.nanos(line.clock, dtsTicks) + laterNanos;
        long ptsNanos = dtsNanos + TsTime.nanos(TsTime.unwrapped(ptsTicks, dtsTicks) - dtsTicks);
        if (line.hole) {
            line.hole = false;
            sink.missed(missed(line, dtsNanos));
        } else if (line.lastDtsNanos != Long.MIN_VALUE && dtsNanos > line.lastDtsNanos) {
            line.stepNanos = dtsNanos - line.lastDtsNanos;
        }
        line.lastDtsNanos = Math.max(dtsNanos, line.lastDtsNanos);
        sink.frame(new Frame(track, line.lastDtsNanos, Math.max(ptsNanos, line.lastDtsNanos), keyframe, data));
    }

    /// How many frames fit into the hole in front of this one: at least one was torn.
    private static long missed(Line line, long dtsNanos) {
        if (line.stepNanos <= 0 || line.lastDtsNanos == Long.MIN_VALUE) {
            return 1;
        }
        long fit = (dtsNanos - line.lastDtsNanos + line.stepNanos / 2) / line.stepNanos - 1;
        return Math.clamp(fit, 1, MAX_MISSED);
    }
}
