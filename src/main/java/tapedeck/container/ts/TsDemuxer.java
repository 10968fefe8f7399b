package tapedeck.container.ts;

import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.ts.ProgramTables.ProgramMap;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// A transport stream, in pieces of any size, becomes the frames of its first program. Bad packets are counted and left
/// out. Time 0 is the first stamp that was seen; the 33 bits of the clock may wrap any number of times.
public final class TsDemuxer {
    /// What a stream turns out to hold.
    public interface Sink {
        void frame(Frame frame);

        /// The name in the SDT, each time it is said.
        default void serviceName(String name) {}

        /// A stream that is not read, once for each.
        default void unsupported(String codec) {}
    }

    private final Sink sink;
    private final PacketSplitter splitter = new PacketSplitter(this::packet);
    private final SectionAssembler pat = new SectionAssembler(this::pat);
    private final SectionAssembler sdt = new SectionAssembler(this::sdt);
    private final SectionAssembler tdt = new SectionAssembler(this::tdt);
    private @Nullable SectionAssembler pmt;
    private int mapPid = -1;
    private @Nullable ProgramMap program;
    private Map<Integer, Line> lines = Map.of();
    private final Set<StreamEntry> refused = new HashSet<>();
    private final Map<Integer, Integer> sectionCounters = new HashMap<>();
    private boolean timed;
    private long zeroTicks;
    private long newestTicks;
    private long badPackets;
    private @Nullable Instant firstTime;
    private @Nullable Instant lastTime;

    /// One elementary stream.
    private static final class Line {
        private final StreamEntry entry;
        private final ElementaryReader reader;
        private final int id;
        private final PesAssembler assembler = new PesAssembler();
        private @Nullable Track track;
        private long lastDtsNanos = Long.MIN_VALUE;

        Line(StreamEntry entry, ElementaryReader reader, int id) {
            this.entry = entry;
            this.reader = reader;
            this.id = id;
        }
    }

    public TsDemuxer(Sink sink) {
        this.sink = sink;
    }

    /// Goes on in the middle of a stream.
    ///
    /// @param zeroTicks the stamp of its time 0
    /// @param nearTicks about where this is, within 13 hours
    TsDemuxer(Sink sink, long zeroTicks, long nearTicks) {
        this.sink = sink;
        this.zeroTicks = zeroTicks;
        newestTicks = nearTicks;
        timed = true;
    }

    public void receive(Bytes bytes) {
        splitter.receive(bytes);
    }

    /// The stream is over: what was incomplete for want of a successor comes out.
    public void end() {
        splitter.end();
        for (Line line : lines.values()) {
            try {
                PesAssembler.Pes last = line.assembler.end();
                if (last != null) {
                    pes(line, last);
                }
            } catch (MalformedException _) {
                badPackets++;
            }
        }
    }

    /// Packets, sections and PES packets that were left out so far, and holes in the counters.
    public long damaged() {
        long damaged = badPackets;
        for (Line line : lines.values()) {
            damaged += line.assembler.damaged();
        }
        return damaged;
    }

    /// How many streams the program has that are read.
    int streams() {
        return lines.size();
    }

    long zeroTicks() {
        return zeroTicks;
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

    private void packet(Bytes bytes) {
        try {
            TsPacket packet = TsPacket.parse(bytes);
            if (packet.transportError()) {
                badPackets++;
                return;
            }
            Line line = lines.get(packet.pid());
            if (line != null) {
                PesAssembler.Pes whole = line.assembler.receive(packet);
                if (whole != null) {
                    pes(line, whole);
                }
            } else {
                section(packet);
            }
        } catch (MalformedException _) {
            badPackets++;
        }
    }

    private void section(TsPacket packet) {
        SectionAssembler assembler = switch (packet.pid()) {
            case TableWriter.PAT_PID -> pat;
            case TableWriter.SDT_PID -> sdt;
            case TableWriter.TDT_PID -> tdt;
            default -> packet.pid() == mapPid ? pmt : null;
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

    private void pat(Bytes section) {
        int pid = ProgramTables.mapPid(section);
        if (pid >= 0 && pid != mapPid) {
            mapPid = pid;
            pmt = new SectionAssembler(this::pmt);
        }
    }

    /// A new map: streams that are in both go on, the others end.
    private void pmt(Bytes section) {
        ProgramMap map = ProgramTables.map(section);
        if (map == null || map.equals(program)) {
            return;
        }
        program = map;
        Map<Integer, Line> next = new LinkedHashMap<>();
        Set<Integer> ids = new HashSet<>();
        for (StreamEntry entry : map.streams()) {
            Line known = lines.get(entry.pid());
            if (known != null && known.entry.equals(entry)) {
                next.put(entry.pid(), known);
                ids.add(known.id);
            }
        }
        for (StreamEntry entry : map.streams()) {
            ElementaryReader reader = ElementaryReader.of(entry);
            if (reader == null) {
                if (refused.add(entry)) {
                    sink.unsupported(ElementaryReader.name(entry));
                }
            } else if (!next.containsKey(entry.pid())) {
                next.put(entry.pid(), new Line(entry, reader, freeId(reader.isVideo(), ids)));
            }
        }
        lines = next;
    }

    private static int freeId(boolean video, Set<Integer> ids) {
        int id = video ? Track.VIDEO : Track.AUDIO;
        for (int further = Track.AUDIO + 1; !ids.add(id); further++) {
            id = further;
        }
        return id;
    }

    private void sdt(Bytes section) {
        String name = ProgramTables.serviceName(section);
        if (!name.isEmpty()) {
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
        line.reader.receive(
                pes,
                (codec, ptsTicks, dtsTicks, laterNanos, keyframe, data) ->
                        frame(line, codec, ptsTicks, dtsTicks, laterNanos, keyframe, data));
    }

    private void frame(
            Line line, Codec codec, long ptsTicks, long dtsTicks, long laterNanos, boolean keyframe, Bytes data) {
        if (!timed) {
            timed = true;
            zeroTicks = dtsTicks;
            newestTicks = dtsTicks;
        }
        Track track = line.track;
        if (track == null || !track.codec().equals(codec)) {
            track = new Track(line.id, codec);
            line.track = track;
        }
        newestTicks = TsTime.unwrapped(dtsTicks, newestTicks);
        long dtsNanos = TsTime.nanos(newestTicks - zeroTicks) + laterNanos;
        long ptsNanos = TsTime.nanos(TsTime.unwrapped(ptsTicks, newestTicks) - zeroTicks) + laterNanos;
        line.lastDtsNanos = Math.max(dtsNanos, line.lastDtsNanos);
        sink.frame(new Frame(track, line.lastDtsNanos, Math.max(ptsNanos, line.lastDtsNanos), keyframe, data));
    }
}
