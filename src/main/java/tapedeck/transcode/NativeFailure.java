package tapedeck.transcode;

/// FFmpeg refused something that it should take: the worker ends, and the server goes on with another one.
public final class NativeFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    public NativeFailure(String what, int code) {
        super("%s: FFmpeg error %d".formatted(what, code));
    }

    public static int check(String what, int code) {
        if (code < 0) {
            throw new NativeFailure(what, code);
        }
        return code;
    }
}
