package tapedeck.faults;

import static tapedeck.faults.RecordedFile.require;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import tapedeck.faults.RecordedFile.Sample;

/// A transport stream (ISO/IEC 13818-1 2.4) with H.264 and ADTS: whole packets, continuity counters without a hole, PES
/// packets of the length they say.
final class StrictTs {
    private static final int PACKET_BYTES = 188;
    private static final int H264 = 0x1B;
    private static final int ADTS = 0x0F;
    private static final long WRAP = 1L << 33;
    private static final double TICKS_PER_MILLI = 90;

    private static final class Line {
        final boolean video;
        final ByteArrayOutputStream pes = new ByteArrayOutputStream();
        long lastDts = -1;
        int continuity = -1;

        Line(boolean video) {
            this.video = video;
        }
    }

    private final Path file;
    private final ByteBuffer bytes;
    private final byte[] array;
    private final Map<Integer, Line> lines = new HashMap<>();
    private final List<Sample> video = new ArrayList<>();
    private final List<Sample> audio = new ArrayList<>();
    private int programPid = -1;

    StrictTs(Path file, byte[] array) {
        this.file = file;
        this.array = array;
        this.bytes = ByteBuffer.wrap(array);
    }

    RecordedFile read() {
        require(bytes.limit() % PACKET_BYTES == 0, file + ": no whole number of packets");
        for (int at = 0; at < bytes.limit(); at += PACKET_BYTES) {
            require(bytes.get(at) == 0x47, "%s: no sync byte at %d".formatted(file, at));
            packet(at);
        }
        lines.values().forEach(this::emit);
        return new RecordedFile(file, video, audio);
    }

    private void packet(int at) {
        int pid = bytes.getShort(at + 1) & 0x1FFF;
        boolean start = (bytes.get(at + 1) & 0x40) != 0;
        int control = bytes.get(at + 3) >> 4 & 3;
        int payload = at + 4 + ((control & 2) == 0 ? 0 : 1 + (bytes.get(at + 4) & 0xFF));
        int end = at + PACKET_BYTES;
        require(payload <= end, "%s: adaptation field too long at %d".formatted(file, at));
        if ((control & 1) == 0) {
            return;
        }
        if (pid == 0 && start) {
            int section = payload + 1 + bytes.get(payload);
            programPid = bytes.getShort(section + 10) & 0x1FFF;
        } else if (pid == programPid && start) {
            programMap(payload + 1 + bytes.get(payload));
        }
        Line line = lines.get(pid);
        if (line != null) {
            int counter = bytes.get(at + 3) & 15;
            require(
                    line.continuity < 0 || counter == (line.continuity + 1 & 15),
                    "%s: continuity error of pid %d at %d".formatted(file, pid, at));
            line.continuity = counter;
            if (start) {
                emit(line);
            }
            line.pes.write(array, payload, end - payload);
        }
    }

    private void programMap(int section) {
        int end = section + 3 + (bytes.getShort(section + 1) & 0xFFF) - 4;
        int at = section + 12 + (bytes.getShort(section + 10) & 0xFFF);
        while (at < end) {
            int type = bytes.get(at) & 0xFF;
            if (type == H264 || type == ADTS) {
                lines.computeIfAbsent(bytes.getShort(at + 1) & 0x1FFF, _ -> new Line(type == H264));
            }
            at += 5 + (bytes.getShort(at + 3) & 0xFFF);
        }
    }

    private void emit(Line line) {
        byte[] pes = line.pes.toByteArray();
        line.pes.reset();
        if (pes.length == 0) {
            return;
        }
        require(pes.length > 9 && pes[0] == 0 && pes[1] == 0 && pes[2] == 1, file + ": no PES start code");
        int length = (pes[4] & 0xFF) << 8 | pes[5] & 0xFF;
        require(length == 0 || length + 6 == pes.length, file + ": a PES packet is torn");
        int head = 9 + (pes[8] & 0xFF);
        long pts = timestamp(pes, 9);
        long dts = (pes[7] & 0xC0) == 0xC0 ? timestamp(pes, 14) : pts;
        if (line.lastDts >= 0) {
            // 33 bits that wrap: the nearest to the one before.
            long step = dts - line.lastDts % WRAP & WRAP - 1;
            dts = line.lastDts + (step < WRAP / 2 ? step : step - WRAP);
        }
        long unwrappedPts = dts + ((pts - dts % WRAP & WRAP - 1) < WRAP / 2 ? pts - dts % WRAP & WRAP - 1 : 0);
        line.lastDts = dts;
        if (line.video) {
            picture(pes, head, dts / TICKS_PER_MILLI, unwrappedPts / TICKS_PER_MILLI);
        } else {
            sound(pes, head, dts / TICKS_PER_MILLI);
        }
    }

    private void picture(byte[] pes, int from, double dtsMillis, double ptsMillis) {
        CRC32 crc = new CRC32();
        boolean keyframe = false;
        int at = startCode(pes, from);
        while (at < pes.length) {
            int next = startCode(pes, at);
            int end = next >= pes.length ? pes.length : next - 3;
            while (end > at && pes[end - 1] == 0) {
                end--;
            }
            int type = pes[at] & 0x1F;
            if (type == 1 || type == 5) {
                crc.update(pes, at, end - at);
                keyframe |= type == 5;
            }
            at = next;
        }
        video.add(new Sample(dtsMillis, ptsMillis, keyframe, (int) crc.getValue()));
    }

    /// Behind the next start code.
    private static int startCode(byte[] pes, int from) {
        for (int at = from; at + 3 <= pes.length; at++) {
            if (pes[at] == 0 && pes[at + 1] == 0 && pes[at + 2] == 1) {
                return at + 3;
            }
        }
        return pes.length;
    }

    private void sound(byte[] pes, int from, double millis) {
        int at = from;
        double time = millis;
        while (at < pes.length) {
            require(
                    pes.length - at > 7 && pes[at] == (byte) 0xFF && (pes[at + 1] & 0xF0) == 0xF0,
                    file + ": no ADTS head where one has to be");
            int length = (pes[at + 3] & 3) << 11 | (pes[at + 4] & 0xFF) << 3 | (pes[at + 5] & 0xFF) >> 5;
            int head = (pes[at + 1] & 1) == 1 ? 7 : 9;
            require(length >= head && at + length <= pes.length, file + ": an ADTS frame is torn");
            CRC32 crc = new CRC32();
            crc.update(pes, at + head, length - head);
            audio.add(new Sample(time, time, true, (int) crc.getValue()));
            time += 1024 * 1000.0 / 44_100;
            at += length;
        }
    }

    private static long timestamp(byte[] pes, int at) {
        return (pes[at] & 0x0EL) << 29
                | (pes[at + 1] & 0xFFL) << 22
                | (pes[at + 2] & 0xFEL) << 14
                | (pes[at + 3] & 0xFFL) << 7
                | (pes[at + 4] & 0xFEL) >> 1;
    }
}
