package tapedeck.container.ts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import tapedeck.bytes.Bytes;

/// A strict look at a transport stream, which shares nothing with the reader: continuity counters, the distance of
/// clock references, stamps that rise and come after the clock, sizes of PES packets, tables in front, random access.
final class TsChecker {
    private static final long PCR_STEP = 9_000;

    private final Map<Integer, Integer> counters = new HashMap<>();
    private final Map<Integer, Long> stamps = new HashMap<>();
    /// What a PES packet still has to get, by PID; negative while its length is not said.
    private final Map<Integer, Long> missing = new HashMap<>();
    private final Set<Integer> pids = new HashSet<>();
    private long pcr = -1;
    private boolean jumped;
    int clocks;
    int pesPackets;
    int randomAccess;
    int jumps;

    /// @param whole whether the last PES packets must have all their bytes
    static TsChecker check(Bytes file, boolean whole) {
        TsChecker checker = new TsChecker();
        assertEquals(0, file.length() % 188, "whole packets");
        for (int at = 0; at < file.length(); at += 188) {
            checker.packet(at, file.slice(at, at + 188));
        }
        if (whole) {
            checker.missing.forEach((pid, bytes) -> assertTrue(bytes <= 0, "PID %x misses %d".formatted(pid, bytes)));
        }
        return checker;
    }

    private void packet(int at, Bytes packet) {
        String where = "packet at " + at;
        assertEquals(0x47, packet.u8(0), where);
        int pid = packet.u16(1) & 0x1FFF;
        assertEquals(0, packet.u8(1) & 0x80, where);
        if (pid == 0x1FFF) {
            return;
        }
        boolean start = (packet.u8(1) & 0x40) != 0;
        int control = packet.u8(3) >> 4;
        int counter = packet.u8(3) & 15;
        assertTrue(control >= 1 && control <= 3, where + ": scrambled or empty");
        boolean payload = (control & 1) != 0;
        Integer last = counters.put(pid, counter);
        if (last != null) {
            assertEquals(payload ? last + 1 & 15 : last, counter, where + ": counter of PID " + pid);
        }
        int from = 4;
        int flags = 0;
        if ((control & 2) != 0) {
            int length = packet.u8(4);
            assertTrue(payload ? length <= 182 : length == 183, where + ": adaptation field of " + length);
            flags = length == 0 ? 0 : packet.u8(5);
            from = 5 + length;
            if ((flags & 0x10) != 0) {
                clock(where, packet.u32(6) << 1 | packet.u8(10) >> 7, (flags & 0x80) != 0);
            }
        }
        if (payload && pid >= 0x20 && pid != 0x1000) {
            pes(where, pid, start, flags, packet.slice(from));
        } else if (payload) {
            table(where, pid, start, packet.slice(from));
        }
    }

    private void clock(String where, long now, boolean jump) {
        if (pcr >= 0 && !jump) {
            long step = now - pcr & (1L << 33) - 1;
            assertTrue(step > 0 && step <= PCR_STEP, where + ": PCR step of " + step);
        }
        jumps += jump ? 1 : 0;
        jumped |= jump;
        pcr = now;
        clocks++;
    }

    private void pes(String where, int pid, boolean start, int flags, Bytes data) {
        if (!start) {
            assertTrue(missing.containsKey(pid), where + ": a PES packet without its beginning");
            long left = missing.get(pid);
            assertTrue(left != 0, where + ": more than the PES packet has");
            missing.put(pid, left < 0 ? left : left - data.length());
            assertTrue(left < 0 || left >= data.length(), where + ": more than the PES packet has");
            return;
        }
        pesPackets++;
        assertTrue(missing.getOrDefault(pid, 0L) <= 0, where + ": the PES packet before is not whole");
        assertTrue(counters.containsKey(0) && counters.containsKey(0x1000), where + ": no tables before");
        assertTrue(pcr >= 0, where + ": no clock before");
        assertEquals(1, data.u24(0), where);
        int length = data.u16(4);
        boolean video = data.u8(3) >> 4 == 0xE;
        assertTrue(length > 0 || video, where + ": sound without a length");
        missing.put(pid, length == 0 ? -1 : 6L + length - data.length());
        long pts = stamp(data, 9);
        long dts = data.u8(7) >> 6 == 3 ? stamp(data, 14) : pts;
        assertTrue(delta(pts, dts) >= 0, where + ": shown before it is decoded");
        assertTrue(delta(dts, pcr) >= 0 && (jumped || delta(dts, pcr) <= 90_000), where + ": DTS far from the clock");
        Long before = stamps.put(pid, dts);
        assertTrue(before == null || delta(dts, before) > 0, where + ": DTS " + before + " then " + dts);
        randomAccess += (flags & 0x40) != 0 ? 1 : 0;
        pids.add(pid);
    }

    private void table(String where, int pid, boolean start, Bytes data) {
        if (start) {
            assertEquals(0, data.u8(0), where + ": pointer_field");
        }
        assertTrue(pid == 0 || pid == 0x11 || pid == 0x14 || pid == 0x1000, where + ": PID " + pid);
    }

    private static long stamp(Bytes data, int at) {
        assertEquals(1, data.u8(at) & 1);
        assertEquals(1, data.u8(at + 2) & 1);
        assertEquals(1, data.u8(at + 4) & 1);
        return (data.u8(at) & 0xEL) << 29
                | data.u8(at + 1) << 22
                | (data.u8(at + 2) & 0xFEL) << 14
                | data.u8(at + 3) << 7
                | data.u8(at + 4) >> 1;
    }

    private static long delta(long later, long earlier) {
        return (later - earlier << 31) >> 31;
    }

    int streams() {
        return pids.size();
    }
}
