using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.Streams.Tests.Feed;

/// <summary>Writes down what a feed says.</summary>
public sealed class RecordingSink : IFeedSink
{
    private readonly List<MediaBuffer> _payloads = [];

    public List<string> Calls { get; } = [];

    public List<AccessUnit> Units { get; } = [];

    public void SetLayout(FeedLayout layout) => Calls.Add($"layout {layout.HasVideo} {layout.HasAudio}");

    public void Write(AccessUnit unit)
    {
        Units.Add(unit);
        _payloads.Add(unit.Payload);
        string track = unit.Track is VideoTrack video ? $"video {video.Width}" : "audio";
        Calls.Add($"{track} {unit.Pts90k} {unit.Dts90k} {unit.FrameType} {unit.IsRandomAccess} {unit.IsDisposable} {unit.StartsDiscontinuity} {unit.SampleCount} {unit.ProgramTime:O} {Convert.ToHexString(unit.Payload.Span)}");
    }

    public void Interrupt() => Calls.Add("interrupt");

    public void End() => Calls.Add("end");

    public void CheckReleased()
    {
        if (_payloads.Exists(payload => payload.TryRetain())) { throw new InvalidOperationException("a payload was not released"); }
    }
}
