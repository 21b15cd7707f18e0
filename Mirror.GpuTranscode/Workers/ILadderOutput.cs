using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>Takes the encoded renditions of one stream. Calls never overlap.</summary>
internal interface ILadderOutput
{
    /// <summary>Indexes of rungs refer to this ladder from here on. All frames of the ladder before it have come.</summary>
    void OnLadder(IReadOnlyList<RungPlan> rungs);

    /// <summary>The format of a rung's frames from here on. Comes again, the same or another, after a worker was replaced.</summary>
    void OnFormat(int rung, VideoTrack track);

    /// <summary>The next frame of a rung, in decoding order.</summary>
    /// <param name="rung">Index of the rung.</param>
    /// <param name="timeline">That of the source picture.</param>
    /// <param name="pts90k">Presentation time in 90 kHz ticks.</param>
    /// <param name="dts90k">Decoding time in 90 kHz ticks.</param>
    /// <param name="isKey">An IDR picture.</param>
    /// <param name="receivedTimestamp">That of the source picture.</param>
    /// <param name="payload">Length-prefixed NAL units. Its reference passes to this method.</param>
    void OnFrame(int rung, int timeline, long pts90k, long dts90k, bool isKey, long receivedTimestamp, MediaBuffer payload);

    /// <summary>The format of an encoded sound from here on; before its first frame. Comes again after a worker was replaced.</summary>
    /// <param name="sound">Its number.</param>
    /// <param name="track">The format.</param>
    void OnAudioFormat(int sound, AudioTrack track);

    /// <summary>The next encoded audio frame.</summary>
    /// <param name="sound">The sound's number.</param>
    /// <param name="timeline">That of the source.</param>
    /// <param name="pts">Presentation time in samples.</param>
    /// <param name="receivedTimestamp">That of the source frame that completed it.</param>
    /// <param name="payload">A raw data block of AAC. Its reference passes to this method.</param>
    void OnAudioFrame(int sound, int timeline, long pts, long receivedTimestamp, MediaBuffer payload);

    /// <summary>Everything written before a <see cref="LadderWorker.Drain"/> has come.</summary>
    void OnDrained();

    /// <summary>No frames come for now. If the replacement is quick, they go on later with none missing.</summary>
    /// <param name="reason">Why, in a sentence.</param>
    void OnDown(string reason);

    /// <summary>A frame of every rung has come since the start, or since <see cref="OnDown"/>.</summary>
    void OnUp();
}
