# The image that trains again (`python -m operations retrain`): the other one, and what training
# needs on top. From the root:
#   docker build -f deploy/container/training.Dockerfile --build-arg BASE=atelier:latest -t atelier-training .
ARG BASE=ghcr.io/atelier-art/atelier:v0.1.0

FROM ${BASE}
USER 0:0
WORKDIR /app
COPY requirements-dev.txt ./
RUN grep -E '^(scikit-learn|tensorboard|keras-tuner)==' requirements-dev.txt >/tmp/training.txt \
    # The other image has no pip.
    && /opt/venv/bin/python -m ensurepip \
    && /opt/venv/bin/python -m pip install --no-cache-dir -r /tmp/training.txt \
    && rm /tmp/training.txt
COPY training ./training
RUN /opt/venv/bin/python -m compileall -q training
USER 1000:1000
