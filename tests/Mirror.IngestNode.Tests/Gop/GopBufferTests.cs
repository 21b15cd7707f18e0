using Mirror.IngestNode.Gop;
using Mirror.Media.Frames;
using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Tests.Gop;

public class GopBufferTests
{
    private static readonly VideoTrack Video = new() { Id = 1, Codec = Codec.H264, DecoderConfiguration = new byte[1], CodecString = "", Width = 1, Height = 1 };
    private static readonly AudioTrack Audio = new() { Id = 2, Codec = Codec.Aac, DecoderConfiguration = new byte[1], CodecString = "", SampleRate = 48_000, Channels = 2 };
    private readonly List<MediaBuffer> _buffers = [];

    /// <summary>Adds units written as letters: K key frame, P, B, a for audio. Each is 40 ms after the last.</summary>
    private void Add(GopBuffer buffer, string units, int size = 100, int start = 0)
    {
        for (int i = 0; i < units.Length; i++)
        {
            MediaBuffer payload = MediaBuffer.CopyOf(new byte[size]);
            _buffers.Add(payload);
            var unit = new AccessUnit
            {
                Track = units[i] == 'a' ? Audio : Video,
                Pts90k = start + i,
                Dts90k = start + i,
                Payload = payload,
                FrameType = units[i] switch { 'P' => FrameType.Predicted, 'B' => FrameType.Bidirectional, _ => FrameType.Key },
                IsRandomAccess = units[i] is 'K' or 'a',
                ReceivedTimestamp = TimeProvider.System.TimestampFrequency * (start + i) / 25,
            };
            buffer.Add(unit);
            unit.Release();
        }
    }

    private static GopBuffer Create(int gops = 3, int frames = 300, int bytes = 1 << 20, int seconds = 5)
        => new(new GopBufferOptions { Gops = gops, Frames = frames, Bytes = bytes, Age = TimeSpan.FromSeconds(seconds) }, TimeProvider.System);

    private static string Letters(GopSnapshot snapshot)
    {
        using (snapshot)
        {
            return string.Concat(snapshot.Units.Select(u => u.Track is AudioTrack ? 'a' : u.FrameType switch { FrameType.Key => 'K', FrameType.Predicted => 'P', _ => 'B' }));
        }
    }

    private static readonly Dictionary<string, (Func<GopBuffer> Create, string Units, string All, string Newest)> Cases = new()
    {
        ["nothing before a key frame can be joined"] = (() => Create(), "PPa", "", ""),
        ["three GOPs"] = (() => Create(), "KPBaKPaKPaKPP", "KPaKPaKPP", "KPP"),
        ["audio before the key frame goes with the old GOP"] = (() => Create(gops: 1), "KPaaK", "K", "K"),
        ["too many pictures"] = (() => Create(frames: 5), "KPPKPPKP", "KPPKP", "KP"),
        ["too many bytes"] = (() => Create(bytes: 64 * 1024), "KPPKPPKP", "KPPKPPKP", "KP"),
        ["one GOP too long: no start left"] = (() => Create(frames: 4), "KPPPPPP", "", ""),
        ["one GOP too long, then a new one"] = (() => Create(frames: 4), "KPPPPPPKPa", "KPa", "KPa"),
        ["audio alone"] = (() => Create(frames: 3), "aaaaa", "aaa", "aaa"),
        ["audio first, then video"] = (() => Create(frames: 3), "aaKPP", "KPP", "KPP"),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void What_is_held(string name)
    {
        using (GopBuffer buffer = Cases[name].Create())
        {
            Add(buffer, Cases[name].Units);
            Assert.Equal((Cases[name].All, Cases[name].Newest), (Letters(buffer.TakeAll()), Letters(buffer.TakeNewest())));
        }
        Assert.All(_buffers, b => Assert.False(b.TryRetain()));
    }

    [Fact]
    public void The_oldest_GOP_goes_by_bytes_and_by_age()
    {
        using GopBuffer bytes = Create(bytes: 64 * 1024);
        Add(bytes, "KPPKPPKP", size: 10 * 1024);
        Assert.Equal("KPPKP", Letters(bytes.TakeAll()));
        Assert.Equal(50 * 1024, bytes.Bytes);

        using GopBuffer age = Create(seconds: 1);
        Add(age, "KPPP");
        Add(age, "KPPP", start: 20);
        Assert.Equal("KPPPKPPP", Letters(age.TakeAll()));
        Add(age, "P", start: 26);
        Assert.Equal("KPPPP", Letters(age.TakeAll()));
        Assert.Equal("PP", Letters(age.TakeRecent(2)));
    }

    [Fact]
    public void The_newest_key_frame_outlives_its_GOP()
    {
        using GopBuffer buffer = Create(frames: 3);
        Assert.False(buffer.TryTakeKeyFrame(out _));
        Add(buffer, "KPPPPPP");
        Assert.True(buffer.TryTakeKeyFrame(out AccessUnit? keyFrame));
        Assert.Equal(0, keyFrame.Pts90k);
        keyFrame.Release();
    }

    [Fact]
    public void Counts()
    {
        using GopBuffer buffer = Create();
        Add(buffer, "KPBBPaKPBaaK");
        FrameBufferStats stats = buffer.Stats;
        Assert.Equal((300, 9, 9), (stats.Capacity, stats.Used, stats.FramesAssembled));
        Assert.Equal((3, 3, 3), (stats.Keyframes, stats.PFrames, stats.BFrames));
        Assert.Equal((2, 4.0, 0.03), (stats.GopCount, stats.AverageGopSize, Math.Round(stats.QueuePressure, 5)));
    }

    [Fact]
    public void A_flood_of_tiny_audio_frames_is_bounded()
    {
        using GopBuffer buffer = Create(frames: 10);
        Add(buffer, "K" + new string('a', 1_000));
        using GopSnapshot snapshot = buffer.TakeRecent(int.MaxValue);
        Assert.InRange(snapshot.Units.Count, 1, 160);
    }

    [Fact]
    public async Task Readers_and_the_writer_do_not_disturb_each_other()
    {
        GopBuffer buffer = Create(gops: 2, frames: 50);
        using var stop = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using GopSnapshot snapshot = buffer.TakeAll();
                foreach (AccessUnit unit in snapshot.Units) { Assert.Equal(100, unit.Payload.Span.Length); }
                if (snapshot.Units.Count > 0) { Assert.True(snapshot.Units[0].IsRandomAccess); }
                if (buffer.TryTakeKeyFrame(out AccessUnit? keyFrame))
                {
                    Assert.Equal(100, keyFrame.Payload.Span.Length);
                    keyFrame.Release();
                }
            }
        }))];
        for (int i = 0; i < 500; i++) { Add(buffer, "KPBBPaPBBPa"); }
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        buffer.Dispose();
        Assert.All(_buffers, b => Assert.False(b.TryRetain()));
        Add(buffer, "K");
        Assert.False(_buffers[^1].TryRetain());
    }
}
