package tapedeck.container.ts;

import java.util.Arrays;
import java.util.List;
import tapedeck.bytes.Bytes;

/// Lays sections, PES packets and clock references into packets of 188 bytes, 2.4.3.2, with a continuity counter for
/// each PID. What was written leaves with [#handOver()].
///
/// ```
/// 47 │ error 1 · unit start 1 · priority 1 · PID 13 │ scrambling 2 · adaptation 1 · payload 1 · counter 4 │ 184 bytes
/// adaptation: length 8 │ flags: 80 discontinuity, 40 random access, 10 PCR │ PCR 48 │ FF …
/// ```
final class PacketWriter {
    private static final int UNIT_START = 0x40;
    private static final int ADAPTATION = 0x20;
    private static final int PAYLOAD = 0x10;

    static final int DISCONTINUITY = 0x80;
    static final int RANDOM_ACCESS = 0x40;
    private static final int PCR = 0x10;
    private static final int PCR_BYTES = 6;

    private byte[] array = new byte[0];
    private int length;
    private final byte[] counters = new byte[TsPacket.NULL_PID + 1];

    /// Makes room for about this much.
    void reserve(long bytes) {
        grow((int) Math.min(bytes, Integer.MAX_VALUE / 2));
    }

    Bytes handOver() {
        Bytes bytes = Bytes.wrap(array, 0, length);
        array = new byte[0];
        length = 0;
        return bytes;
    }

    private void grow(int bytes) {
        if (length + bytes > array.length) {
            array = Arrays.copyOf(array, Math.max(length + bytes, array.length + array.length / 2));
        }
    }

    /// A whole section, 2.4.4.1: pointer_field in front, FF behind.
    void section(int pid, Bytes section) {
        int at = 0;
        for (boolean first = true; at < section.length(); first = false) {
            int end = begin(pid, first ? UNIT_START : 0, PAYLOAD);
            if (first) {
                array[length++] = 0;
            }
            int count = Math.min(section.length() - at, end - length);
            section.copyTo(at, array, length, count);
            at += count;
            Arrays.fill(array, length + count, end, (byte) 0xFF);
            length = end;
        }
    }

    /// A packet that only says the time, 2.4.3.4.
    ///
    /// @param flags [#DISCONTINUITY] or 0
    void clock(int pid, long pcrTicks, int flags) {
        int end = begin(pid, 0, ADAPTATION);
        array[length] = (byte) (end - length - 1);
        array[length + 1] = (byte) (flags | PCR);
        pcr(length + 2, pcrTicks);
        Arrays.fill(array, length + 2 + PCR_BYTES, end, (byte) 0xFF);
        length = end;
    }

    /// A packet that says nothing, 2.4.3.3.
    void nothing() {
        int end = begin(TsPacket.NULL_PID, 0, PAYLOAD);
        Arrays.fill(array, length, end, (byte) 0xFF);
        length = end;
    }

    /// A PES packet out of its parts.
    ///
    /// @param flags of the first adaptation field
    /// @param pcrTicks what the first packet says of the time, or negative
    void pes(int pid, List<Bytes> parts, int flags, long pcrTicks) {
        long left = 0;
        for (int i = 0; i < parts.size(); i++) {
            left += parts.get(i).length();
        }
        int part = 0;
        int partAt = 0;
        for (boolean first = true; left > 0; first = false) {
            int adaptationBytes = !first || flags == 0 && pcrTicks < 0 ? 0 : pcrTicks < 0 ? 2 : 2 + PCR_BYTES;
            int room = TsPacket.BYTES - TsPacket.HEADER_BYTES - adaptationBytes;
            int count = (int) Math.min(left, room);
            adaptationBytes += room - count;
            int end = begin(pid, first ? UNIT_START : 0, PAYLOAD | (adaptationBytes > 0 ? ADAPTATION : 0));
            if (adaptationBytes > 0) {
                adaptation(adaptationBytes, first ? flags : 0, first ? pcrTicks : -1);
            }
            left -= count;
            while (length < end) {
                Bytes source = parts.get(part);
                int step = Math.min(source.length() - partAt, end - length);
                source.copyTo(partAt, array, length, step);
                length += step;
                partAt += step;
                if (partAt == source.length()) {
                    part++;
                    partAt = 0;
                }
            }
        }
    }

    private void adaptation(int bytes, int flags, long pcrTicks) {
        int end = length + bytes;
        array[length++] = (byte) (bytes - 1);
        if (bytes > 1) {
            array[length++] = (byte) (flags | (pcrTicks < 0 ? 0 : PCR));
            if (pcrTicks >= 0) {
                pcr(length, pcrTicks);
                length += PCR_BYTES;
            }
            Arrays.fill(array, length, end, (byte) 0xFF);
            length = end;
        }
    }

    /// program_clock_reference, 2.4.2.2: 33 bits of 90 kHz, six reserved, nine of 27 MHz, which are 0 here.
    private void pcr(int at, long ticks) {
        long base = ticks & TsTime.MASK;
        array[at] = (byte) (base >> 25);
        array[at + 1] = (byte) (base >> 17);
        array[at + 2] = (byte) (base >> 9);
        array[at + 3] = (byte) (base >> 1);
        array[at + 4] = (byte) (base << 7 | 0x7E);
        array[at + 5] = 0;
    }

    /// Writes the header and returns where the packet ends. The counter counts packets with a payload, 2.4.3.3.
    private int begin(int pid, int flags, int control) {
        grow(TsPacket.BYTES);
        int start = length;
        array[start] = TsPacket.SYNC;
        array[start + 1] = (byte) (flags | pid >> 8);
        array[start + 2] = (byte) pid;
        boolean payload = (control & PAYLOAD) != 0;
        array[start + 3] = (byte) (control | (payload ? counters[pid] : counters[pid] - 1 & 0xF));
        if (payload) {
            counters[pid] = (byte) (counters[pid] + 1 & 0xF);
        }
        length = start + TsPacket.HEADER_BYTES;
        return start + TsPacket.BYTES;
    }
}
