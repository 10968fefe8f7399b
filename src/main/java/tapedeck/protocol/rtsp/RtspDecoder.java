package tapedeck.protocol.rtsp;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Cuts a peer's bytes into messages, however they come. What was claimed but not sent yet takes no memory. Packets are
/// lent: the next one overwrites them.
///
/// Lines may end in CR LF, LF or CR (RFC 2326 4.4 wants all of them taken); empty lines between messages are skipped,
/// as some clients send one behind a body. Where only bytes that are no text follow, the peer speaks something else,
/// and hears so at once.
///
/// What it says of a message that it refuses goes to the log: never any text of it, since passwords and tokens stand in
/// addresses and headers, and in a broken message anywhere.
final class RtspDecoder {
    /// Request line and headers.
    static final int MAX_HEAD_BYTES = 16 * 1024;

    static final int MAX_HEADERS = 64;
    /// An SDP is the largest thing that anybody sends.
    static final int MAX_BODY_BYTES = 64 * 1024;
    /// In a row, in front of a message.
    static final int MAX_EMPTY_BYTES = 64;

    private static final int FRAME_HEAD_BYTES = 4;
    private static final int FIRST_BYTES = 2048;
    private static final String VERSION = "RTSP/";
    private static final String HTTP = "HTTP/";
    private static final String LENGTH = "content-length";
    private static final String SEQUENCE = "cseq";

    private enum Part {
        BETWEEN,
        FRAME_HEAD,
        FRAME,
        HEAD,
        BODY
    }

    private final Consumer<RtspMessage> sink;
    private Part part = Part.BETWEEN;
    private byte[] buffer = new byte[FIRST_BYTES];
    private int length;
    private int wanted;
    private int empty;
    private int channel;
    private boolean lineIsEmpty;
    private boolean afterCr;
    private String firstLine = "";
    private Map<String, String> headers = Map.of();

    RtspDecoder(Consumer<RtspMessage> sink) {
        this.sink = sink;
    }

    /// Takes all that is readable.
    void decode(ByteBuf in) {
        while (in.isReadable()) {
            switch (part) {
                case BETWEEN -> between(in);
                case FRAME_HEAD -> frameHead(in);
                case FRAME -> frame(in);
                case HEAD -> head(in);
                case BODY -> body(in);
            }
        }
    }

    private void between(ByteBuf in) {
        if (in.readableBytes() >= FRAME_HEAD_BYTES && in.getByte(in.readerIndex()) == '$') {
            beginFrame(in.readInt());
            return;
        }
        byte first = in.readByte();
        if (first == '\r' || first == '\n') {
            if (++empty > MAX_EMPTY_BYTES) {
                throw new MalformedException("RTSP: more than %d empty bytes".formatted(MAX_EMPTY_BYTES));
            }
            return;
        }
        empty = 0;
        length = 0;
        if (first == '$') {
            buffer[length++] = first;
            part = Part.FRAME_HEAD;
            return;
        }
        if (!(first >= 'A' && first <= 'Z' || first >= 'a' && first <= 'z')) {
            throw new MalformedException("no RTSP: the first byte is 0x%02x".formatted(first));
        }
        buffer[length++] = first;
        lineIsEmpty = false;
        afterCr = false;
        part = Part.HEAD;
    }

    private void frameHead(ByteBuf in) {
        take(in, FRAME_HEAD_BYTES);
        if (length == FRAME_HEAD_BYTES) {
            beginFrame(Bytes.wrap(buffer, 0, length).i32(0));
        }
    }

    /// @param head `$`, 8 bits of channel, 16 of length
    private void beginFrame(int head) {
        empty = 0;
        length = 0;
        channel = head >> 16 & 0xFF;
        wanted = head & 0xFFFF;
        part = wanted == 0 ? Part.BETWEEN : Part.FRAME;
    }

    private void frame(ByteBuf in) {
        take(in, wanted);
        if (length == wanted) {
            part = Part.BETWEEN;
            sink.accept(new RtspMessage.Interleaved(channel, Bytes.wrap(buffer, 0, length)));
        }
    }

    private void head(ByteBuf in) {
        while (in.isReadable()) {
            byte next = in.readByte();
            boolean lineFeed = next == '\n';
            if (afterCr && !lineFeed) {
                // A line that ended in CR alone: what is here begins the next one.
                afterCr = false;
                if (lineIsEmpty) {
                    in.readerIndex(in.readerIndex() - 1);
                    endHead();
                    return;
                }
                lineIsEmpty = true;
            }
            put(next);
            if (lineFeed) {
                boolean end = lineIsEmpty;
                lineIsEmpty = true;
                afterCr = false;
                if (end) {
                    endHead();
                    return;
                }
            } else if (next == '\r') {
                afterCr = true;
            } else {
                if (next >= 0 && next < ' ' && next != '\t' || next == 0x7F) {
                    throw new MalformedException("no RTSP: byte 0x%02x at %d of the headers".formatted(next, length));
                }
                lineIsEmpty = false;
            }
        }
    }

    private void put(byte next) {
        if (length == MAX_HEAD_BYTES) {
            throw new MalformedException("RTSP: headers of more than %d bytes".formatted(MAX_HEAD_BYTES));
        }
        reserve(length + 1);
        buffer[length++] = next;
    }

    private void endHead() {
        String[] lines = new String(buffer, 0, length, StandardCharsets.UTF_8).split("\r\n|\n|\r", MAX_HEADERS + 3);
        firstLine = lines[0];
        headers = headers(lines);
        length = 0;
        wanted = bodyBytes(headers);
        if (wanted > 0) {
            // What cannot be read is refused before its body comes.
            whole(Bytes.EMPTY);
            part = Part.BODY;
        } else {
            part = Part.BETWEEN;
            sink.accept(whole(Bytes.EMPTY));
        }
    }

    private void body(ByteBuf in) {
        take(in, wanted);
        if (length == wanted) {
            part = Part.BETWEEN;
            sink.accept(whole(Bytes.wrap(Arrays.copyOf(buffer, length))));
        }
    }

    private RtspMessage whole(Bytes body) {
        return firstLine.startsWith(VERSION) ? answer(firstLine, headers, body) : request(firstLine, headers, body);
    }

    /// Moves what is there, up to `upTo` bytes in the buffer.
    private void take(ByteBuf in, int upTo) {
        int count = Math.min(in.readableBytes(), upTo - length);
        reserve(length + count);
        in.readBytes(buffer, length, count);
        length += count;
    }

    private void reserve(int bytes) {
        if (bytes > buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.max(bytes, 2 * buffer.length));
        }
    }

    /// RFC 2326 6.1.
    private static RtspMessage.Request request(String line, Map<String, String> headers, Bytes body) {
        String[] words = line.strip().split(" +", 4);
        if (line.startsWith(HTTP) || words.length == 3 && words[2].startsWith(HTTP)) {
            throw new MalformedException("HTTP on the port of RTSP");
        }
        if (words.length != 3 || !words[2].startsWith(VERSION) || !words[0].matches("[A-Za-z_]{1,32}")) {
            throw new MalformedException(
                    "RTSP: a request line of %d words and %d characters".formatted(words.length, line.length()));
        }
        return new RtspMessage.Request(words[0], words[1], words[2].substring(VERSION.length()), headers, body);
    }

    /// RFC 2326 7.1.
    private static RtspMessage.Answer answer(String line, Map<String, String> headers, Bytes body) {
        String[] words = line.split(" +", 3);
        if (words.length < 2 || !words[1].matches("[0-9]{3}")) {
            throw new MalformedException(
                    "RTSP: a status line of %d characters without a status".formatted(line.length()));
        }
        return new RtspMessage.Answer(Integer.parseInt(words[1]), words.length > 2 ? words[2] : "", headers, body);
    }

    private static Map<String, String> headers(String[] lines) {
        Map<String, String> headers = new HashMap<>();
        String last = "";
        for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
            if (i > MAX_HEADERS) {
                throw new MalformedException("RTSP: more than %d headers".formatted(MAX_HEADERS));
            }
            String line = lines[i];
            if (line.charAt(0) == ' ' || line.charAt(0) == '\t') {
                // RFC 2326 4.2 as HTTP/1.1 has it: a header goes on in the next line.
                if (last.isEmpty()) {
                    throw new MalformedException("RTSP: a header goes on before any began");
                }
                headers.merge(last, line.strip(), (a, b) -> a + " " + b);
                continue;
            }
            int colon = line.indexOf(':');
            if (colon <= 0) {
                throw new MalformedException(
                        "RTSP: header %d, of %d characters, has no name".formatted(i, line.length()));
            }
            last = line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
            add(headers, last, line.substring(colon + 1).strip());
        }
        return headers;
    }

    /// Several of a name are one list, RFC 2326 4.2; two lengths or numbers are an attack or a mistake.
    private static void add(Map<String, String> headers, String name, String value) {
        String before = headers.put(name, value);
        if (before == null) {
            return;
        }
        if (name.equals(LENGTH) || name.equals(SEQUENCE)) {
            throw new MalformedException("RTSP: two headers %s".formatted(name));
        }
        headers.put(name, before + ", " + value);
    }

    private static int bodyBytes(Map<String, String> headers) {
        String text = headers.get(LENGTH);
        if (text == null) {
            return 0;
        }
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) > MAX_BODY_BYTES) {
            throw new MalformedException("RTSP: Content-Length is no number up to %d".formatted(MAX_BODY_BYTES));
        }
        return Integer.parseInt(text);
    }
}
