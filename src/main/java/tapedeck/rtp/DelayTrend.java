package tapedeck.rtp;

/// Whether the queue in front of the narrowest link grows, told from arrival times alone: draft-ietf-rmcat-gcc-02 5.2
/// to 5.4, with a least-squares line through the accumulated delay as the filter.
///
/// Only differences of the two clocks are used, so that they need not agree. All times in milliseconds.
final class DelayTrend {
    enum Use {
        /// The queue is as long as it was.
        NORMAL,
        /// It grows: more is sent than the path carries.
        OVER,
        /// It gets shorter.
        UNDER
    }

    /// 5.2: packets that leave within this time are one group.
    private static final double BURST_MILLIS = 5;
    /// Groups that the line is drawn through.
    private static final int WINDOW = 20;

    private static final double SMOOTHING = 0.9;
    /// Slopes are small: of one in a thousand the queue grows by 1 ms a second.
    private static final double GAIN = 4;

    private static final int MAX_GROUPS = 60;
    /// 5.4: the threshold follows the measurements, slowly down and faster up, so that neither noise nor a competing
    /// TCP flow starves us.
    private static final double FIRST_THRESHOLD = 12.5;

    private static final double MIN_THRESHOLD = 6;
    private static final double MAX_THRESHOLD = 600;
    private static final double UP = 0.0087;
    private static final double DOWN = 0.039;
    /// Beyond this above the threshold it is a spike, of which nothing is learned.
    private static final double SPIKE = 15;

    private static final double MAX_STEP_MILLIS = 100;
    private static final double OVERUSE_MILLIS = 10;
    /// A pause of the sender, after which nothing can be compared.
    private static final double PAUSE_MILLIS = 3_000;

    private final double[] times = new double[WINDOW];
    private final double[] delays = new double[WINDOW];
    private int points;
    private int groups;
    private double accumulated;
    private double smoothed;

    private boolean started;
    private double groupSent;
    private double lastSent;
    private double lastArrived;
    private boolean compared;
    private double beforeSent;
    private double beforeArrived;

    private double threshold = FIRST_THRESHOLD;
    private double updated;
    private double overTime = -1;
    private int overCount;
    private double trendBefore;
    private Use use = Use.NORMAL;

    Use use() {
        return use;
    }

    /// A packet left and arrived; in the order of leaving.
    void packet(double sentMillis, double arrivedMillis) {
        if (started && Math.abs(sentMillis - lastSent) > PAUSE_MILLIS) {
            reset();
        }
        if (!started) {
            started = true;
            groupSent = sentMillis;
        } else if (!sameGroup(sentMillis, arrivedMillis)) {
            if (compared) {
                group(lastSent - beforeSent, lastArrived - beforeArrived, lastArrived);
            }
            compared = true;
            beforeSent = lastSent;
            beforeArrived = lastArrived;
            groupSent = sentMillis;
            lastArrived = arrivedMillis;
        }
        lastSent = Math.max(lastSent, sentMillis);
        lastArrived = Math.max(lastArrived, arrivedMillis);
    }

    private void reset() {
        started = false;
        compared = false;
        points = 0;
        groups = 0;
        accumulated = 0;
        smoothed = 0;
        use = Use.NORMAL;
        lastSent = 0;
        lastArrived = 0;
        overTime = -1;
    }

    private boolean sameGroup(double sentMillis, double arrivedMillis) {
        if (sentMillis - groupSent <= BURST_MILLIS) {
            return true;
        }
        // 5.2: what a link held back and let go at once belongs together.
        double gap = arrivedMillis - lastArrived;
        return gap <= BURST_MILLIS && gap - (sentMillis - lastSent) < 0 && arrivedMillis - lastArrived >= 0;
    }

    private void group(double sentDelta, double arrivedDelta, double now) {
        groups = Math.min(groups + 1, MAX_GROUPS);
        accumulated += arrivedDelta - sentDelta;
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * accumulated;
        int place = points++ % WINDOW;
        times[place] = now;
        delays[place] = smoothed;
        double slope = points >= WINDOW ? slope() : 0;
        detect(Math.max(2, groups) * slope * GAIN, sentDelta, now);
    }

    private double slope() {
        double meanTime = 0;
        double meanDelay = 0;
        for (int i = 0; i < WINDOW; i++) {
            meanTime += times[i] / WINDOW;
            meanDelay += delays[i] / WINDOW;
        }
        double products = 0;
        double squares = 0;
        for (int i = 0; i < WINDOW; i++) {
            products += (times[i] - meanTime) * (delays[i] - meanDelay);
            squares += (times[i] - meanTime) * (times[i] - meanTime);
        }
        return squares == 0 ? 0 : products / squares;
    }

    private void detect(double trend, double sentDelta, double now) {
        if (trend > threshold) {
            overTime = overTime < 0 ? sentDelta / 2 : overTime + sentDelta;
            overCount++;
            if (overTime > OVERUSE_MILLIS && overCount > 1 && trend >= trendBefore) {
                overTime = 0;
                overCount = 0;
                use = Use.OVER;
            }
        } else {
            overTime = -1;
            overCount = 0;
            use = trend < -threshold ? Use.UNDER : Use.NORMAL;
        }
        trendBefore = trend;
        adapt(Math.abs(trend), now);
    }

    private void adapt(double trend, double now) {
        if (trend <= threshold + SPIKE) {
            double step = Math.clamp(now - updated, 0, MAX_STEP_MILLIS);
            threshold += (trend < threshold ? DOWN : UP) * (trend - threshold) * step;
            threshold = Math.clamp(threshold, MIN_THRESHOLD, MAX_THRESHOLD);
        }
        updated = now;
    }
}
