package tapedeck.peers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The packets of a file as a real ffprobe sees them, one kind at a time.
public final class Packets {
    /// @param ptsMillis presentation time, from the earliest of the whole file on
    /// @param md5 of the packet's bytes
    public record Packet(double ptsMillis, int size, String md5) {
        /// Time to the millisecond, so that clocks of 1 kHz, 44.1 kHz and 90 kHz compare.
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%d ms %d bytes %s", Math.round(ptsMillis), size, md5);
        }
    }

    private Packets() {}

    /// Video packets in decoding order, then audio packets.
    public static List<String> of(Path file) {
        List<Packet> video = packets(file, "v:0");
        List<Packet> audio = packets(file, "a:0");
        double zero = Double.MAX_VALUE;
        for (List<Packet> kind : List.of(video, audio)) {
            for (Packet packet : kind) {
                zero = Math.min(zero, packet.ptsMillis());
            }
        }
        List<String> all = new ArrayList<>();
        for (Packet packet : video) {
            all.add("video " + new Packet(packet.ptsMillis() - zero, packet.size(), packet.md5()));
        }
        for (Packet packet : audio) {
            all.add("audio " + new Packet(packet.ptsMillis() - zero, packet.size(), packet.md5()));
        }
        return all;
    }

    private static List<Packet> packets(Path file, String stream) {
        Ffmpeg.Result result = Ffmpeg.ffprobe(
                "-v",
                "error",
                "-select_streams",
                stream,
                "-show_packets",
                "-show_data_hash",
                "md5",
                "-show_entries",
                "packet=pts_time,size,data_hash",
                "-of",
                "csv=p=0",
                file.toString());
        if (!result.err().isBlank()) {
            throw new AssertionError(file + ": " + result.err());
        }
        List<Packet> packets = new ArrayList<>();
        for (String line : result.text().split("\n")) {
            if (!line.isBlank()) {
                String[] fields = line.strip().split(",");
                packets.add(new Packet(Double.parseDouble(fields[0]) * 1000, Integer.parseInt(fields[1]), fields[2]));
            }
        }
        return packets;
    }
}
