using System.Net.Sockets;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Thumbnails;

/// <summary>Pictures of streams that nothing is encoded of: a worker process decodes the one key frame, one at a time.</summary>
internal sealed class KeyFrameStills(WorkerPool pool) : IDisposable
{
    private static readonly TimeSpan LongestWork = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>A key frame as a JPEG file; <see langword="null"/> if it cannot be decoded.</summary>
    /// <param name="keyFrame">The unit; the caller keeps its reference until this ends.</param>
    public async Task<byte[]?> MakeAsync(AccessUnit keyFrame)
    {
        using var limit = new CancellationTokenSource(LongestWork);
        byte[]? jpeg = null;
        try
        {
            await _turn.WaitAsync(limit.Token);
            try
            {
                await using WorkerProcess worker = await pool.TakeAsync(limit.Token);
                await worker.SendAsync(WorkerProtocol.WriteStill(1, (VideoTrack)keyFrame.Track, keyFrame.Payload.Span), limit.Token);
                await worker.ReceiveAsync(WorkerMessageType.Image, image => jpeg = image.Span.ToArray(), limit.Token);
            }
            finally { _turn.Release(); }
        }
        catch (Exception error) when (error is WorkerStartException or SocketException or OperationCanceledException) { /* there is no picture, then */ }
        return jpeg is { Length: > 0 } ? jpeg : null;
    }

    public void Dispose() => _turn.Dispose();
}
