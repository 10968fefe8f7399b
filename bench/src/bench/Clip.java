package bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// An FLV file, cut into RTMP chunks once. Every media message uses a type 1 chunk header (a time delta and no stream
/// id), so the same bytes serve every stream and every repetition of the file.
final class Clip {
    /// Every message of one repetition, chunked.
    final ByteBuffer body;
    /// End of message i in `body`.
    final int[] end;
    /// Media time of message i from 0.
    final int[] millis;
    final boolean[] video;
    /// Length of one repetition.
    final int loopMillis;

    private final byte[] metadata;
    private final byte[] videoHeader;
    private final byte[] audioHeader;

    private record Tag(int type, int millis, int at, int length) {}

    private record Parsed(List<Tag> tags, byte[] metadata, byte[] videoHeader, byte[] audioHeader) {}

    private Clip(byte[] file, Parsed parsed) throws IOException {
        metadata = parsed.metadata();
        videoHeader = parsed.videoHeader();
        audioHeader = parsed.audioHeader();
        List<Tag> tags = parsed.tags();
        int first = tags.stream().mapToInt(Tag::millis).min().orElseThrow(() -> new IOException("no media"));
        int[] begin = new int[32];
        int[] last = new int[32];
        int[] count = new int[32];
        for (Tag tag : tags) {
            begin[tag.type()] = count[tag.type()] == 0 ? tag.millis() - first : begin[tag.type()];
            last[tag.type()] = Math.max(last[tag.type()], tag.millis() - first);
            count[tag.type()]++;
        }
        int loop = 0;
        for (int type : new int[] {Chunks.AUDIO, Chunks.VIDEO}) {
            if (count[type] > 1) {
                int length = last[type] - begin[type];
                loop = Math.max(loop, length + (int) Math.round(length / (count[type] - 1.0)));
            }
        }
        loopMillis = loop;
        end = new int[tags.size()];
        millis = new int[tags.size()];
        video = new boolean[tags.size()];
        var out = new ByteArrayOutputStream(file.length + file.length / 64);
        int[] before = new int[32];
        before[Chunks.AUDIO] = last[Chunks.AUDIO] - loop;
        before[Chunks.VIDEO] = last[Chunks.VIDEO] - loop;
        for (int i = 0; i < end.length; i++) {
            Tag tag = tags.get(i);
            millis[i] = tag.millis() - first;
            video[i] = tag.type() == Chunks.VIDEO;
            int delta = millis[i] - before[tag.type()];
            Chunks.message(out, 1, chunkStream(tag.type()), delta, tag.type(), 0, file, tag.at(), tag.length());
            before[tag.type()] = millis[i];
            end[i] = out.size();
        }
        body = ByteBuffer.allocateDirect(out.size()).put(out.toByteArray()).flip();
    }

    static Clip read(Path path) throws IOException {
        byte[] file = Files.readAllBytes(path);
        return new Clip(file, parse(file));
    }

    private static Parsed parse(byte[] file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(file);
        if (in.get() != 'F' || in.get() != 'L' || in.get() != 'V') {
            throw new IOException("not an FLV file");
        }
        in.position(5);
        in.position(in.getInt() + 4);
        var tags = new ArrayList<Tag>();
        byte[] metadata = null;
        byte[] videoHeader = null;
        byte[] audioHeader = null;
        while (in.remaining() >= 11) {
            int type = in.get() & 31;
            int length = Chunks.u24(in);
            int time = Chunks.u24(in) | (in.get() & 255) << 24;
            Chunks.u24(in);
            int at = in.position();
            if (in.remaining() < length + 4) {
                break;
            }
            in.position(at + length + 4);
            boolean sequence = length > 1 && file[at + 1] == 0;
            byte[] payload = Arrays.copyOfRange(file, at, at + length);
            if (type == Chunks.DATA) {
                metadata = metadata == null ? payload : metadata;
            } else if (type == Chunks.VIDEO && sequence && (file[at] & 15) == 7) {
                videoHeader = videoHeader == null ? payload : videoHeader;
            } else if (type == Chunks.AUDIO && sequence && (file[at] & 0xf0) == 0xa0) {
                audioHeader = audioHeader == null ? payload : audioHeader;
            } else if (length > 5 && (type == Chunks.AUDIO || type == Chunks.VIDEO)) {
                tags.add(new Tag(type, time, at, length));
            }
        }
        return new Parsed(tags, metadata, videoHeader, audioHeader);
    }

    /// What a stream sends once before its first frame.
    byte[] preface(int streamId) {
        var out = new ByteArrayOutputStream();
        if (metadata != null) {
            byte[] name = new Amf().string("@setDataFrame").bytes();
            byte[] both = Arrays.copyOf(name, name.length + metadata.length);
            System.arraycopy(metadata, 0, both, name.length, metadata.length);
            Chunks.message(out, 0, chunkStream(Chunks.DATA), 0, Chunks.DATA, streamId, both, 0, both.length);
        }
        for (int type : new int[] {Chunks.VIDEO, Chunks.AUDIO}) {
            byte[] header = type == Chunks.VIDEO ? videoHeader : audioHeader;
            if (header != null) {
                Chunks.message(out, 0, chunkStream(type), 0, type, streamId, header, 0, header.length);
            }
        }
        return out.toByteArray();
    }

    /// How many messages fit into `seconds` of media.
    long messages(double seconds) {
        long whole = (long) (seconds * 1000) / loopMillis;
        int rest = (int) (seconds * 1000 - whole * loopMillis);
        int count = 0;
        while (count < millis.length && millis[count] < rest) {
            count++;
        }
        return whole * millis.length + count;
    }

    /// How many of the first `messages` are video.
    long videos(long messages) {
        long inLoop = 0;
        long inRest = 0;
        for (int i = 0; i < video.length; i++) {
            if (video[i]) {
                inLoop++;
                if (i < messages % video.length) {
                    inRest++;
                }
            }
        }
        return messages / video.length * inLoop + inRest;
    }

    private static int chunkStream(int type) {
        return switch (type) {
            case Chunks.VIDEO -> 6;
            case Chunks.AUDIO -> 4;
            default -> 5;
        };
    }
}
