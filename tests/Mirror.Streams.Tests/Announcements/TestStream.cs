using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Streams.Tests.Announcements;

/// <summary>Announces a rendition as a packager does: segments of two parts.</summary>
internal sealed class TestStream(IAnnouncements announcements, string id, long epoch = 0)
{
    public const long FirstMsn = 100;
    private long _part = 2 * FirstMsn;

    public static RenditionKey Key(string id, long epoch) => new(id, "source") { Epoch = epoch };

    public RenditionKey Rendition { get; } = Key(id, epoch);

    public string InitName { get; set; } = "init-1.mp4";

    public TestStream Start(long firstMsn = FirstMsn, int discontinuities = 0)
    {
        _part = 2 * firstMsn;
        announcements.Publish(new RenditionStarted(Rendition, true, 90_000, 2, TimeSpan.FromMilliseconds(100), firstMsn) { FirstDiscontinuitySequence = discontinuities });
        return ChangeInit(InitName);
    }

    public TestStream ChangeInit(string name)
    {
        InitName = name;
        announcements.Publish(new InitReady(Rendition, name, 700, Track));
        return this;
    }

    public TestStream Parts(int count, int bytes = 0, bool startsDiscontinuity = false)
    {
        for (int i = 0; i < count; i++, _part++)
        {
            MediaBuffer? media = bytes == 0 ? null : MediaBuffer.CopyOf(Enumerable.Repeat((byte)_part, bytes).ToArray());
            announcements.Publish(new PartReady(Rendition, _part / 2, (int)(_part % 2), 9000, _part % 2 * 50, bytes == 0 ? 50 : bytes, _part % 2 == 0, _part % 2 == 1,
                startsDiscontinuity && i == 0, DateTime.UnixEpoch.AddMilliseconds(100 * _part), 0)
            { Bytes = media });
            media?.Release();
        }
        return this;
    }

    public void End() => announcements.Publish(new RenditionEnded(Rendition));

    public static string[] Media(int count, long firstMsn = FirstMsn) => [.. Enumerable.Range(0, count).Select(i => $"part {firstMsn + i / 2}.{i % 2}")];

    private static VideoTrack Track { get; } = new()
    {
        Id = 1,
        Codec = Codec.H264,
        CodecString = "avc1.640028",
        DecoderConfiguration = new byte[] { 1, 100, 0, 40 },
        Width = 1280,
        Height = 720,
        FrameRate = new Rational(30, 1),
    };
}
