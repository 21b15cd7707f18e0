using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The processor time that a node's streams may use for transcoding, and do use.</summary>
/// <remarks>
/// A stream's cost is modelled from its picture rates at first, and measured once its worker has run for a while. How far the model was
/// off is learned from the measurements, so that it fits the machine. Thread-safe.
/// </remarks>
internal sealed class TranscodeBudget
{
    private const double UsualFrameRate = 30;
    private const double LearningShare = 0.2;                // of one measurement in the correction of the model
    private const double SmallestCorrection = 0.1;
    private const double LargestCorrection = 10;
    private const double SmoothingShare = 0.15;              // of one measurement, one a second, in a stream's cost
    private const double AudioCores = 0.03;                  // sound decoded, resampled and encoded as AAC
    private const int SecondsToTrust = 5;                    // of measurements before they replace the model
    private const double MostOvercommit = 2;                 // times the limit, with streams that another node lost: each leaves out half of its frames at worst

    private readonly Lock _gate = new();
    private readonly Dictionary<object, Share> _shares = [];
    private readonly int _cores;
    private readonly double _limit;
    private double _correction = 1;
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="cores">Processor cores of the node.</param>
    /// <param name="share">Share of them that may be used.</param>
    public TranscodeBudget(int cores, double share) => (_cores, _limit) = (cores, cores * share);

    /// <summary>Cores that all streams use, as measured, or modelled where that is not known yet.</summary>
    public double CoresInUse
    {
        get { lock (_gate) { return _shares.Values.Sum(CostOf); } }
    }

    /// <summary>Cores that a further stream may take: all where there is no other, for the first is taken whatever its size; none while one leaves out frames.</summary>
    public double FreeCores
    {
        get
        {
            lock (_gate)
            {
                if (_shares.Count == 0) { return _cores; }
                return _shares.Values.Any(static share => share.IsOverloaded) ? 0 : Math.Max(0, _limit - _shares.Values.Sum(CostOf));
            }
        }
    }

    /// <summary>Streams with a share.</summary>
    public int Streams
    {
        get { lock (_gate) { return _shares.Count; } }
    }

    /// <summary>Ends when a stream gives its share back.</summary>
    public Task RoomMade
    {
        get { lock (_gate) { return _room.Task; } }
    }

    /// <summary>Cores that a stream's renditions would take, as far as is known before they do.</summary>
    public double Expect(VideoTrack? source, IReadOnlyList<RungPlan> rungs, bool hasAudio)
    {
        double model = ModelledCores(source, rungs, hasAudio);
        lock (_gate) { return model * _correction; }
    }

    /// <summary>Asks for a stream's share, which it keeps until <see cref="Release"/>.</summary>
    /// <param name="owner">Who asks, the same in every call.</param>
    /// <param name="source">The source.</param>
    /// <param name="rungs">What is to be encoded of it.</param>
    /// <param name="hasAudio">Its sound is encoded as well.</param>
    /// <param name="isContinued">
    /// Its renditions are being watched, for another node made them before: leaving out some frames of every stream is better than ending
    /// them, up to a point.
    /// </param>
    /// <returns>Why there is none, in a sentence; <see langword="null"/> when there is.</returns>
    public string? TryReserve(object owner, VideoTrack? source, IReadOnlyList<RungPlan> rungs, bool hasAudio = false, bool isContinued = false)
    {
        double model = ModelledCores(source, rungs, hasAudio);
        lock (_gate)
        {
            if (_shares.ContainsKey(owner)) { return null; }
            double used = _shares.Values.Sum(CostOf);
            double wanted = model * _correction;
            double limit = isContinued ? _limit * MostOvercommit : _limit;
            // A node that does nothing else takes what comes: leaving out frames is better than showing none.
            if (_shares.Count > 0 && used + wanted > limit)
            {
                return $"no capacity: this stream's renditions would take about {wanted:F1} cores, and {used:F1} of {limit:F1} are in use";
            }
            if (!isContinued && _shares.Values.Any(static other => other.IsOverloaded)) { return "no capacity: another stream's renditions already leave out frames"; }
            _shares.Add(owner, new Share(model));
            return null;
        }
    }

    /// <summary>A stream that has a share changed its format: what was measured does not count any more.</summary>
    public void Change(object owner, VideoTrack? source, IReadOnlyList<RungPlan> rungs, bool hasAudio = false)
    {
        double model = ModelledCores(source, rungs, hasAudio);
        lock (_gate)
        {
            if (_shares.TryGetValue(owner, out Share? share) && share.Model != model) { share.Restart(model); }
        }
    }

    /// <summary>Takes a measurement of one stream, about once a second.</summary>
    /// <param name="owner">The stream.</param>
    /// <param name="cores">Cores that its worker used since the last one.</param>
    /// <param name="isOverloaded">Whether it leaves out frames to keep up.</param>
    public void Measure(object owner, double cores, bool isOverloaded)
    {
        lock (_gate)
        {
            if (!_shares.TryGetValue(owner, out Share? share)) { return; }
            share.IsOverloaded = isOverloaded;
            share.Add(cores);
            // A worker that leaves out frames, or gets none, costs less than its stream would.
            if (isOverloaded || share.Measurements != SecondsToTrust || cores <= 0) { return; }
            double observed = Math.Clamp(share.Measured / share.Model, SmallestCorrection, LargestCorrection);
            _correction += (observed - _correction) * LearningShare;
        }
    }

    /// <summary>Gives a stream's share back.</summary>
    public void Release(object owner)
    {
        TaskCompletionSource room;
        lock (_gate)
        {
            if (!_shares.Remove(owner)) { return; }
            (room, _room) = (_room, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        room.SetResult();
    }

    /// <summary>What the model says, before its correction: in cores of the machine that it was made on.</summary>
    internal static double ModelledCores(VideoTrack? source, IReadOnlyList<RungPlan> rungs, bool hasAudio = false)
    {
        double sound = hasAudio ? AudioCores : 0;
        if (source is null || rungs.Count == 0) { return sound; }
        double rate = source.FrameRate.IsKnown ? source.FrameRate.Value : UsualFrameRate;
        double cores = sound + MegapixelsPerSecond(source.Width, source.Height, rate) * DecodeCores(source.Codec);
        foreach (RungPlan rung in rungs)
        {
            double rungRate = rung.LargestFrameRate.IsKnown ? Math.Min(rate, rung.LargestFrameRate.Value) : rate;
            cores += MegapixelsPerSecond(rung.Width, rung.Height, rungRate) * EncodeCores(rung);
        }
        return cores;
    }

    private static double MegapixelsPerSecond(int width, int height, double rate) => width * (double)height * rate / 1e6;

    // Cores per megapixel a second of decoding and the first scaling: 1080p30 took 0.21 cores in H.264 and 0.4 in HEVC.
    private static double DecodeCores(Codec codec) => codec switch
    {
        Codec.Mpeg2Video => 0.0025,
        Codec.H264 => 0.0034,
        _ => 0.0065,
    };

    // The same of encoding: 360p30 took 0.12 cores with x264's veryfast.
    private static double EncodeCores(RungPlan rung) => rung.Codec switch
    {
        RungCodec.H265 => 0.08,
        RungCodec.Av1 => 0.05,
        _ => rung.Preset switch
        {
            "ultrafast" => 0.007,
            "superfast" => 0.011,
            "veryfast" => 0.017,
            "faster" => 0.03,
            "fast" => 0.04,
            _ => 0.06,
        },
    };

    private double CostOf(Share share) => share.Measurements >= SecondsToTrust ? share.Measured : share.Model * _correction;

    private sealed class Share(double model)
    {
        public double Model { get; private set; } = model;

        public double Measured { get; private set; }

        public int Measurements { get; private set; }

        public bool IsOverloaded { get; set; }

        public void Add(double cores)
        {
            Measured = Measurements == 0 ? cores : Measured + (cores - Measured) * SmoothingShare;
            Measurements++;
        }

        public void Restart(double model) => (Model, Measurements) = (model, 0);
    }
}
