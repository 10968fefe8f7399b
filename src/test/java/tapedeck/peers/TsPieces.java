package tapedeck.peers;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A transport stream as an encoder sends it, in pieces: each begins with a picture, and ends in front of the next one.
public final class TsPieces {
    private static final int PACKET_BYTES = 188;
    /// Where ffmpeg puts the first stream of its input, which is the picture.
    private static final int VIDEO_PID = 0x100;

    private TsPieces() {}

    /// Made by ffmpeg from an FLV without encoding anything.
    ///
    /// @param service the name in the SDT, which is that of the stream
    public static List<byte[]> of(Path flv, String service) {
        byte[] all = Ffmpeg.ffmpeg(
                        "-v",
                        "error",
                        "-i",
                        flv.toString(),
                        "-map",
                        "0:v",
                        "-map",
                        "0:a",
                        "-c",
                        "copy",
                        "-metadata",
                        "service_name=" + service,
                        "-f",
                        "mpegts",
                        "-")
                .out();
        List<byte[]> pieces = new ArrayList<>();
        ByteArrayOutputStream piece = new ByteArrayOutputStream();
        boolean pictures = false;
        for (int at = 0; at < all.length; at += PACKET_BYTES) {
            // ISO/IEC 13818-1 2.4.3.2: payload_unit_start_indicator and the PID.
            boolean starts = (all[at + 1] & 0x40) != 0;
            int pid = (all[at + 1] & 0x1F) << 8 | all[at + 2] & 0xFF;
            if (starts && pid == VIDEO_PID) {
                if (pictures) {
                    pieces.add(piece.toByteArray());
                    piece.reset();
                }
                pictures = true;
            }
            piece.write(all, at, PACKET_BYTES);
        }
        pieces.add(piece.toByteArray());
        return List.copyOf(pieces);
    }

    /// The same of tags that are in memory.
    public static List<byte[]> of(List<FlvFile.Tag> tags, String service) throws IOException {
        Path flv = Files.createTempFile("pieces", ".flv");
        try {
            Files.write(flv, new FlvFile(tags).toBytes().toByteArray());
            return of(flv, service);
        } finally {
            Files.delete(flv);
        }
    }
}
