package tapedeck.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// An FLV file as a list of tags, read without the server's own code, so that tests have something to compare with.
public record FlvFile(List<Tag> tags) {
    /// @param type 8 audio, 9 video, 18 script
    public record Tag(int type, int timestampMillis, Bytes body) {
        public boolean video() {
            return type == 9;
        }

        public boolean audio() {
            return type == 8;
        }

        public boolean script() {
            return type == 18;
        }

        /// An AVC or AAC sequence header.
        public boolean sequenceHeader() {
            return video() && (body.u8(0) & 15) == 7 && body.u8(1) == 0
                    || audio() && body.u8(0) >> 4 == 10 && body.u8(1) == 0;
        }

        /// A coded picture or audio frame.
        public boolean media() {
            return video() && body.length() > 5 && body.u8(1) == 1
                    || audio() && body.length() > 2 && (body.u8(0) >> 4 != 10 || body.u8(1) == 1);
        }

        public Bytes data() {
            return body.slice(video() ? 5 : body.u8(0) >> 4 == 10 ? 2 : 1);
        }

        public boolean keyframe() {
            return audio() || body.u8(0) >> 4 == 1;
        }

        public int compositionMillis() {
            return video() ? body.u24(2) << 8 >> 8 : 0;
        }

        public Tag at(int timestampMillis) {
            return new Tag(type, timestampMillis, body);
        }
    }

    /// The file as bytes, for readers that know FLV themselves.
    public Bytes toBytes() {
        ByteWriter out = new ByteWriter(1 << 16).ascii("FLV").u8(1).u8(5).u32(9).u32(0);
        for (Tag tag : tags) {
            int length = tag.body().length();
            out.u8(tag.type()).u24(length).u24(tag.timestampMillis()).u8(tag.timestampMillis() >>> 24);
            out.u24(0).bytes(tag.body()).u32(11 + length);
        }
        return out.toBytes();
    }

    public static FlvFile read(Path file) {
        try {
            return parse(Bytes.wrap(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new AssertionError(file.toString(), e);
        }
    }

    public static FlvFile parse(Bytes bytes) {
        ByteReader in = bytes.reader();
        in.skip(5);
        in.skip(in.u32() - 9 + 4);
        List<Tag> tags = new ArrayList<>();
        while (in.remaining() > 11) {
            int type = in.u8() & 0x1F;
            int size = in.u24();
            int timestampMillis = in.u24() | in.u8() << 24;
            in.skip(3);
            tags.add(new Tag(type, timestampMillis, in.take(size)));
            in.skip(4);
        }
        return new FlvFile(List.copyOf(tags));
    }

    public List<Tag> media() {
        return tags.stream().filter(Tag::media).toList();
    }

    /// The same with all timestamps moved; they wrap at 32 bits.
    public FlvFile shifted(int millis) {
        return new FlvFile(
                tags.stream().map(tag -> tag.at(tag.timestampMillis() + millis)).toList());
    }
}
