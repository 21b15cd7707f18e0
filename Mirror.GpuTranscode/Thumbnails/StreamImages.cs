using System.Collections.Concurrent;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Thumbnails;

/// <summary>Stills of one stream: made when asked for, once for each key frame and width, however many ask.</summary>
/// <param name="newestKeyFrame">When the stream's newest key frame was shown (UTC).</param>
/// <param name="make">Makes the still, so wide at most.</param>
internal sealed class StreamImages(Func<DateTime> newestKeyFrame, Func<int, Task<StreamImage?>> make)
{
    private const int WidestPicture = 8_192;
    private readonly ConcurrentDictionary<int, Still> _stills = [];

    /// <summary>The newest still; a width of <see langword="null"/> is the source's own.</summary>
    public async ValueTask<StreamImage?> GetAsync(int? width, CancellationToken cancellationToken)
    {
        int widest = Math.Min(width ?? WidestPicture, WidestPicture);
        DateTime newest = newestKeyFrame();
        Still Make(int size) => new(newest, new(() => make(size)));
        Still still = _stills.AddOrUpdate(widest, Make, (size, known) => known.KeyFrame == newest ? known : Make(size));
        StreamImage? image = await still.Image.Value.WaitAsync(cancellationToken);
        if (image is null) { _stills.TryRemove(new KeyValuePair<int, Still>(widest, still)); }    // ask again, rather than remember a failure
        return image;
    }

    private sealed record Still(DateTime KeyFrame, Lazy<Task<StreamImage?>> Image);
}
