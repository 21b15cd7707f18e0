using System.Buffers;
using System.Runtime.CompilerServices;
using Mirror.Media.Playlists;
using Mirror.Streams.Recordings;

namespace Mirror.Origin.Dvr;

/// <summary>Playlists of recordings, each rendered once for a state of its recording, and kept for as long as that is.</summary>
internal sealed class RecordingTexts
{
    private readonly ConditionalWeakTable<OpenRecording, Texts> _texts = [];

    /// <summary>The multivariant playlist; <see langword="null"/> while there is nothing to play.</summary>
    public RecordingText? Multivariant(OpenRecording recording) => Of(recording, "", static (index, _) =>
    {
        MultivariantPlaylist playlist = RecordingVariants.Describe(index);
        return playlist.Variants.Count == 0 ? null : Render(output => MultivariantPlaylistWriter.Write(playlist, output), index.IsComplete);
    });

    /// <summary>A rendition's playlist; <see langword="null"/> if there is no such rendition.</summary>
    public RecordingText? Media(OpenRecording recording, string rendition) => Of(recording, rendition, static (index, name) =>
    {
        if (index.Find(name) is not { } found) { return null; }
        long last = RecordingTimeline.LastSettledMsn(index);
        MediaSegment[] segments = [.. RecordingTimeline.ListFor(RecordingTimeline.Of(index), found).TakeWhile(segment => segment.Msn <= last).Select(ToListing)];
        var playlist = new RecordedPlaylist
        {
            TargetDuration = index.TargetDuration,
            MediaSequence = index.RemovedSegments,
            DiscontinuitySequence = index.RemovedDiscontinuities,
            Segments = segments,
            IndependentSegments = RecordingVariants.IsIndependent(found),
            IsComplete = index.IsComplete,
        };
        return Render(output => RecordedPlaylistWriter.Write(playlist, output), index.IsComplete);
    });

    private RecordingText? Of(OpenRecording recording, string name, Func<RecordingIndex, string, RecordingText?> render)
    {
        Texts texts = _texts.GetOrCreateValue(recording);
        return recording.Read(index =>                       // within its lock: rendered once, however many ask
        {
            if (texts.Version != index.Position)
            {
                texts.ByName.Clear();
                texts.Version = index.Position;
            }
            if (texts.ByName.TryGetValue(name, out RecordingText? known)) { return known; }
            RecordingText? text = render(index, name);
            if (text is not null) { texts.ByName[name] = text; }
            return text;
        });
    }

    private static RecordingText Render(Action<IBufferWriter<byte>> write, bool isComplete)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        write(output);
        return new RecordingText(output.WrittenSpan.ToArray(), isComplete);
    }

    private static MediaSegment ToListing(RecordedSegment segment) => new()
    {
        Msn = segment.Msn,
        MapUri = segment.Init,
        ProgramDateTime = segment.Time,
        StartsDiscontinuity = segment.StartsDiscontinuity,
        Duration = segment.Duration,
        IsGap = segment.IsGap,
    };

    private sealed class Texts
    {
        public long Version { get; set; } = -1;

        public Dictionary<string, RecordingText> ByName { get; } = new(StringComparer.Ordinal);
    }
}
