using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Publishing;
using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.GpuTranscode.Tests.Packaging;

/// <summary>A made-up encoder: pictures and audio frames on a grid, interleaved by decoding time like a transport stream.</summary>
internal sealed class Source
{
    private static readonly DateTime Epoch = new(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly List<MediaBuffer> _buffers = [];
    private int _number;

    public Recorder Recorder { get; } = new();

    public StreamPackager Packager { get; }

    public VideoTrack Video { get; set; } = VideoOf(1280, 720);

    public AudioTrack Audio { get; set; } = AudioOf(48_000);

    public List<(long Pts90k, byte[] Bytes)> SentVideo { get; } = [];

    public List<(long Pts90k, byte[] Bytes)> SentAudio { get; } = [];

    public Source(PackageOptions? options = null, FeedLayout? layout = null, Continuation? continuation = null)
    {
        var publisher = new PartPublisher(Recorder, Recorder, TimeProvider.System, NullLogger<PartPublisher>.Instance);
        Packager = new StreamPackager("s", options ?? new PackageOptions(), publisher, TimeProvider.System, NullLogger<StreamPackager>.Instance, continuation);
        Packager.SetLayout(layout ?? new FeedLayout(HasVideo: true, HasAudio: true));
    }

    public static VideoTrack VideoOf(int width, int height) => new()
    {
        Id = 1,
        Codec = Codec.H264,
        DecoderConfiguration = new byte[] { 1, 100, 0, 31, (byte)width },
        CodecString = "avc1.64001f",
        Width = width,
        Height = height,
    };

    public static AudioTrack AudioOf(int rate) => new()
    {
        Id = 2,
        Codec = Codec.Aac,
        DecoderConfiguration = new byte[] { 0x11, (byte)(rate / 1000) },
        CodecString = "mp4a.40.2",
        SampleRate = rate,
        Channels = 2,
    };

    /// <summary>Sends a stretch of both tracks from a start time, audio a little behind as multiplexers do.</summary>
    public void Send(double seconds, Rational rate, int gop, long from90k = 900_000, bool discontinuity = false, long audioLag90k = 9_000, bool withVideo = true,
        bool withAudio = true, int bFrames = 0)
    {
        var events = new SortedList<(long Time, int Kind), Action>();
        if (withVideo)
        {
            int frames = (int)Math.Round(seconds * rate.Value);
            for (int i = 0; i < frames; i++)
            {
                int index = i;
                long dts = from90k + Tick(index, rate);
                events.Add((dts, 0), () => SendVideo(dts, PtsOf(index, gop, bFrames, rate, from90k), index % gop == 0, discontinuity && index == 0));
            }
        }
        if (withAudio)
        {
            int frames = (int)(seconds * Audio.SampleRate / 1024);
            for (int i = 0; i < frames; i++)
            {
                long pts = from90k + i * 1024L * 90_000 / Audio.SampleRate;
                bool first = i == 0;
                events.Add((pts + audioLag90k, 1), () => SendAudio(pts, discontinuity && first));
            }
        }
        foreach (Action send in events.Values) { send(); }
    }

    public void SendVideo(long dts, long pts, bool isKey, bool discontinuity = false)
    {
        MediaBuffer buffer = Payload();
        SentVideo.Add((pts, buffer.Span.ToArray()));
        Write(new AccessUnit
        {
            Track = Video,
            Pts90k = pts,
            Dts90k = dts,
            Payload = buffer,
            IsRandomAccess = isKey,
            FrameType = isKey ? FrameType.Key : FrameType.Predicted,
            StartsDiscontinuity = discontinuity,
            ProgramTime = Epoch.AddSeconds(pts / 90_000.0),
        });
    }

    public void SendAudio(long pts, bool discontinuity = false)
    {
        MediaBuffer buffer = Payload();
        SentAudio.Add((pts, buffer.Span.ToArray()));
        Write(new AccessUnit
        {
            Track = Audio,
            Pts90k = pts,
            Dts90k = pts,
            Payload = buffer,
            SampleCount = 1024,
            FrameType = FrameType.Key,
            IsRandomAccess = true,
            StartsDiscontinuity = discontinuity,
            ProgramTime = Epoch.AddSeconds(pts / 90_000.0),
        });
    }

    public void End()
    {
        Packager.End();
        // Every reference was given back: the packager's parts are copies, and its units are released.
        Assert.All(_buffers, buffer => Assert.False(buffer.TryRetain()));
    }

    private void Write(AccessUnit unit)
    {
        Packager.Write(unit);
        unit.Release();
    }

    private MediaBuffer Payload()
    {
        MediaBuffer buffer = MediaBuffer.CopyOf(BitConverter.GetBytes(_number++));
        _buffers.Add(buffer);
        return buffer;
    }

    private static long Tick(int frame, Rational rate) => (long)(frame * 90_000L * rate.Denominator / rate.Numerator);

    /// <summary>Presentation of the n-th picture in decoding order: I P B B P B B …, one frame of delay.</summary>
    private static long PtsOf(int index, int gop, int bFrames, Rational rate, long from)
    {
        if (bFrames == 0) { return from + Tick(index, rate); }
        int group = index / gop * gop;
        int within = index - group;
        int display = within == 0 ? 0
            : (within - 1) % (bFrames + 1) == 0 ? Math.Min(within + bFrames, Math.Min(gop, int.MaxValue) - 1)
            : within - 1;
        return from + Tick(group + display + 1, rate);
    }
}
