namespace Mirror.GpuTranscode.Workers;

/// <summary>One sound that a worker encodes, as the node sees it.</summary>
/// <param name="number">Numbers the stream's sounds.</param>
/// <param name="format">Its format at first.</param>
/// <param name="queue">Frames on their way.</param>
internal sealed class WorkerSound(int number, AudioFormat format, AudioQueue queue)
{
    private volatile AudioFormat _format = format;
    private volatile string? _failure;
    private volatile bool _isUp;
    private long _frames;

    public int Number => number;

    public AudioQueue Queue => queue;

    public AudioFormat Format => _format;

    /// <summary>Frames that were encoded.</summary>
    public long Frames => Volatile.Read(ref _frames);

    /// <summary>Frames that were left out, as counted so far.</summary>
    public long DroppedReported { get; set; }

    public bool IsUp => _isUp;

    /// <summary>Why it cannot be encoded; <see langword="null"/> where it can.</summary>
    public string? Failure => _failure;

    /// <summary>Says what follows.</summary>
    public void SetFormat(AudioFormat format)
    {
        (_format, _failure) = (format, null);
        queue.SetFormat(format);
    }

    public void OnFrame()
    {
        Interlocked.Increment(ref _frames);
        _isUp = true;
    }

    public void OnFailed(string reason) => (_isUp, _failure) = (false, $"the sound cannot be encoded: {reason}");

    public void GoDown() => _isUp = false;
}
